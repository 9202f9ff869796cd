/**
 * Whatever the network and the store do, the log appends the entries that were sent, in order, without gaps
 * or duplicates. If that is impossible, it resets, which ends the subscriptions that missed something.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ROOM } from '#test/fanout/fixture.js';
import { idsIn } from './log-harness.js';
import { ObservedLog, type Step, TTL_MS } from './observed-log.js';

const step = (what: Step['do'], weight: number) => ({ weight, arbitrary: fc.constant({ do: what } as Step) });
const onPublished = (what: 'deliver' | 'duplicate' | 'drop', weight: number) => ({
  weight,
  // Mostly the oldest one, as in a healthy feed.
  arbitrary: fc.oneof(fc.constant(0), fc.nat(5)).map((index): Step => ({ do: what, index })),
});
const stepsThat = ({ loseData }: { loseData: boolean }) =>
  fc.array(
    fc.oneof(
      step('send', 10),
      onPublished('deliver', 10),
      onPublished('duplicate', 2),
      onPublished('drop', 3),
      step('resume', 1),
      step('check', 2),
      {
        weight: 6,
        arbitrary: fc
          .constantFrom('stale' as const, 'fresh' as const)
          .map((snapshot): Step => ({ do: 'answer', snapshot })),
      },
      step('fail', 1),
      {
        weight: 2,
        arbitrary: fc.constantFrom(1, 10, TTL_MS / 2, TTL_MS + 1).map((ms): Step => ({ do: 'wait', ms })),
      },
      step('sendOpaque', 4),
      step('sendAsBefore', 1),
      ...(loseData ? [step('flush', 1), step('restore', 1)] : []),
    ),
    { maxLength: 60 },
  );

async function open(observed: ObservedLog): Promise<void> {
  const opening = observed.log.open();
  await nextTurn();
  await observed.answerAll();
  await opening;
}

describe('a room log behind an unreliable network and store', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const sizes = fc.record({
    historyLimit: fc.constantFrom(3, 8, 1_000),
    capacity: fc.constantFrom(2, 3, 8, 100),
    pageSize: fc.constantFrom(1, 2, 5),
    before: fc.nat(4),
  });

  test('appends every entry once and in order, or resets, and always catches up with the store', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, stepsThat({ loseData: true }), async (size, steps) => {
        const observed = new ObservedLog(
          size.historyLimit,
          Math.min(size.capacity, size.historyLimit),
          size.pageSize,
        );
        for (let count = 0; count < size.before; count += 1) observed.send();
        await open(observed);
        for (const next of steps) {
          await observed.run(next);
          // With a smaller capacity, entries may be dropped before they are observed.
          if (size.capacity >= 100) observed.expectNoGap();
        }
        observed.send();
        await observed.check();
        await observed.answerAll();
        await observed.check();
        await observed.answerAll();
        expect(observed.log.reader.head).toBe(observed.sent.at(-1));
        const kept = observed.store.kept(ROOM).map(({ id }) => id);
        const held = idsIn(observed.log.reader);
        const common = Math.min(kept.length, held.length);
        expect(held.slice(-common)).toEqual(kept.slice(-common));
        await observed.log.close();
      }),
      { seed: 2, numRuns: 1_500 },
    );
  });

  test('never resets if the store keeps everything that the log missed', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, stepsThat({ loseData: false }), async (size, steps) => {
        const observed = new ObservedLog(1_000, 100, size.pageSize);
        await open(observed);
        for (const next of steps) {
          // Skip waits in which an entry could expire before it is read.
          if (next.do !== 'wait' || next.ms < 100) await observed.run(next);
        }
        await observed.check();
        await observed.answerAll();
        await observed.check();
        await observed.answerAll();
        observed.expectNoGap();
        expect(observed.appended).toEqual([observed.sent]);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('never resets because a room is silent, if the log was up to date before', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        stepsThat({ loseData: false }),
        fc.array(fc.nat(4), { maxLength: 5 }),
        async (size, steps, ages) => {
          const observed = new ObservedLog(1_000, 100, size.pageSize);
          for (let count = 0; count < size.before; count += 1) observed.store.put(ROOM);
          await open(observed);
          observed.sent.push(...observed.appended[0]!);
          const settle = async () => {
            for (let round = 0; round < 2; round += 1) {
              await observed.check();
              await observed.answerAll();
            }
          };
          const rest = [...steps.filter((next) => next.do !== 'wait')];
          for (const age of ages) {
            for (const next of rest.splice(0, 8)) await observed.run(next);
            // An older server may start one list with "0", but not two in a row: only the last id is
            // remembered.
            observed.send();
            await settle();
            observed.network.published.length = 0;
            vi.setSystemTime(Date.now() + age * TTL_MS + 1);
            if (age % 2 === 0) await settle();
          }
          for (const next of rest) await observed.run(next);
          await settle();
          expect(observed.appended).toEqual([observed.sent]);
        },
      ),
      { seed: 4, numRuns: 500 },
    );
  });
});
