import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetractionHarness, type Step } from './retraction-harness.js';

const index = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), author: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('retract' as const), index: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retractAuthor' as const), index }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('duplicate' as const, 'drop' as const), index }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      snapshot: fc.constantFrom('stale' as const, 'fresh' as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('turn' as const, 'turn' as const, 'resume' as const, 'check' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      from: fc.constantFrom('now' as const, 'last' as const, 'after' as const),
      back: fc.nat(12),
      capacity: fc.constantFrom(0, 1, 3, 99),
      isAsync: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('drain' as const, 'drain' as const, 'stall' as const),
      subscription: fc.nat(4),
    }),
  },
);

test.each([
  ['that keeps everything', 1_000, 400],
  ['that trims its history', 12, 200],
])(
  'in a room %s, every client shows what the room has, and receives no text after its retraction was seen',
  {
    timeout: 240_000,
  },
  async (_, historyLimit, numRuns) => {
    let events = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 80 }),
        fc.constantFrom(2, 4, 16, 64),
        fc.constantFrom(2, 3, 10),
        async (steps, logCapacity, pageSize) => {
          const harness = new RetractionHarness(historyLimit, Math.min(logCapacity, historyLimit), pageSize);
          for (const each of steps) await harness.run(each);
          await harness.settle();
          for (const subscription of harness.subscriptions) {
            harness.expectModel(subscription);
            events += subscription.sink.events.length;
            refused += subscription.refusals.length;
          }
          await harness.hub.close();
        },
      ),
      { seed: 12, numRuns },
    );
    expect(events).toBeGreaterThan(numRuns);
    if (historyLimit === 1_000) expect(refused).toBe(0);
  },
);
