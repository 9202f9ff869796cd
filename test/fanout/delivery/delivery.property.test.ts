/**
 * Each subscription receives every message after its start, in order and once. It is refused only if the next
 * entry that it needs is gone. This holds however slow it is and whatever the others do.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CrowdHarness, type Join, type OnSubscription, type Step } from '#test/fanout/crowd-harness.js';

const only = (what: 'send' | 'sendOpaque' | 'turn' | 'check' | 'storeDown' | 'storeUp', weight: number) => ({
  weight,
  arbitrary: fc.constant<Step>({ do: what }),
});
const randomSteps = fc.array(
  fc.oneof(
    only('send', 16),
    only('sendOpaque', 6),
    only('turn', 12),
    only('check', 1),
    only('storeDown', 1),
    only('storeUp', 2),
    {
      weight: 4,
      arbitrary: fc.record<Join>({
        do: fc.constant('join'),
        from: fc.constantFrom('now', 'last', 'after', 'beginning'),
        back: fc.nat(14),
        capacity: fc.constantFrom(0, 1, 3, Number.POSITIVE_INFINITY),
        isAsync: fc.boolean(),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record<OnSubscription>({ do: fc.constant('drain'), subscription: fc.nat(5) }),
    },
    {
      weight: 1,
      arbitrary: fc.record<OnSubscription>({ do: fc.constant('leave'), subscription: fc.nat(5) }),
    },
  ),
  { minLength: 10, maxLength: 120 },
);

describe('delivery', () => {
  test('is exact or refused for each subscription', async () => {
    const sizes = fc.record({
      historyLimit: fc.constantFrom(4, 10, 1_000),
      logCapacity: fc.constantFrom(1, 2, 5, 64),
      pageSize: fc.constantFrom(1, 2, 5),
    });
    await fc.assert(
      fc.asyncProperty(sizes, randomSteps, async ({ historyLimit, logCapacity, pageSize }, steps) => {
        const harness = new CrowdHarness(historyLimit, logCapacity, pageSize);
        for (const step of steps) await harness.run(step);
        await harness.settle();
        for (const subscription of harness.subscriptions) harness.expectExactOrRefused(subscription);
        for (const index of harness.subscriptions.keys()) harness.leave(index);
        await nextTurn();
        expect({ ...harness.hub.size, feeds: harness.store.openRooms }).toEqual({
          rooms: 0,
          projections: 0,
          feeds: 0,
        });
      }),
      { seed: 6, numRuns: 1_000 },
    );
  });
});
