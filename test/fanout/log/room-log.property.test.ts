/**
 * Whatever happens between the store and the log, what the log appends is what was sent, in its order: no
 * gap, no double. Where that cannot be had, it says so by a reset.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ROOM } from '#test/fanout/fixture.js';
import { idsIn } from './log-harness.js';
import { Observed, type Step, TTL_MS } from './observed-log.js';

const step = (what: Step['do'], weight: number) => ({ weight, arbitrary: fc.constant({ do: what } as Step) });
const onOne = (what: 'tell' | 'tellTwice' | 'lose', weight: number) => ({
  weight,
  // Mostly the oldest, as a feed does when all is well.
  arbitrary: fc.oneof(fc.constant(0), fc.nat(5)).map((index): Step => ({ do: what, index })),
});
const steps = (losesData: boolean) =>
  fc.array(
    fc.oneof(
      step('send', 10),
      onOne('tell', 10),
      onOne('tellTwice', 2),
      onOne('lose', 3),
      step('resume', 1),
      step('check', 2),
      {
        weight: 6,
        arbitrary: fc
          .constantFrom('asked' as const, 'now' as const)
          .map((snapshot): Step => ({ do: 'answer', snapshot })),
      },
      step('fail', 1),
      {
        weight: 2,
        arbitrary: fc.constantFrom(1, 10, TTL_MS / 2, TTL_MS + 1).map((ms): Step => ({ do: 'wait', ms })),
      },
      step('sendOpaque', 4),
      step('sendAsBefore', 1),
      ...(losesData ? [step('flush', 1), step('restore', 1)] : []),
    ),
    { maxLength: 60 },
  );

async function opened(observed: Observed): Promise<Observed> {
  const opening = observed.log.open();
  await nextTurn();
  await observed.answerAll();
  await opening;
  return observed;
}

describe('a log on a store and a feed that do all that a network does', () => {
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

  test('appends what was sent, without gap, double or disorder, and in the end all of it', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, steps(true), async (size, taken) => {
        const observed = new Observed(
          size.historyLimit,
          Math.min(size.capacity, size.historyLimit),
          size.pageSize,
        );
        for (let count = 0; count < size.before; count += 1) observed.send();
        await opened(observed);
        for (const one of taken) {
          await observed.take(one);
          // What a reader of the ring alone can see, where more was appended at once than the ring holds.
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

  test('is not reset where the store lost nothing and keeps all that it missed', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, steps(false), async (size, taken) => {
        const observed = new Observed(1_000, 100, size.pageSize);
        await opened(observed);
        for (const one of taken) {
          // No message dies of age between being sent and being read.
          if (one.do !== 'wait' || one.ms < 100) await observed.take(one);
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

  test('is not reset by silence, however long, if it had seen what came before', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        steps(false),
        fc.array(fc.nat(4), { maxLength: 5 }),
        async (size, taken, ages) => {
          const observed = new Observed(1_000, 100, size.pageSize);
          for (let count = 0; count < size.before; count += 1) observed.store.put(ROOM);
          await opened(observed);
          observed.sent.push(...observed.appended[0]!);
          const settle = async () => {
            for (let round = 0; round < 2; round += 1) {
              await observed.check();
              await observed.answerAll();
            }
          };
          const rest = [...taken.filter((one) => one.do !== 'wait')];
          for (const age of ages) {
            for (const one of rest.splice(0, 8)) await observed.take(one);
            // The version before may begin a list with "0", but not two of them: only the last id is remembered.
            observed.send();
            await settle();
            observed.between.published.length = 0;
            vi.setSystemTime(Date.now() + age * TTL_MS + 1);
            if (age % 2 === 0) await settle();
          }
          for (const one of rest) await observed.take(one);
          await settle();
          expect(observed.appended).toEqual([observed.sent]);
        },
      ),
      { seed: 4, numRuns: 500 },
    );
  });
});
