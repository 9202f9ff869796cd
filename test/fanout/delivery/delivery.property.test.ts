/**
 * Whoever follows a room gets, from where it began, everything in order and once; or it is refused, and
 * only where what it needs next is gone. However slow it is, wherever it begins, whatever others do.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CrowdHarness, type Join, type OfViewer, type Step } from '#test/fanout/crowd-harness.js';

const only = (what: 'send' | 'sendOpaque' | 'turn' | 'check' | 'away' | 'back', weight: number) => ({
  weight,
  arbitrary: fc.constant<Step>({ do: what }),
});
const steps = fc.array(
  fc.oneof(
    only('send', 16),
    only('sendOpaque', 6),
    only('turn', 12),
    only('check', 1),
    only('away', 1),
    only('back', 2),
    {
      weight: 4,
      arbitrary: fc.record<Join>({
        do: fc.constant('join'),
        from: fc.constantFrom('now', 'last', 'after', 'beginning'),
        back: fc.nat(14),
        room: fc.constantFrom(0, 1, 3, Number.POSITIVE_INFINITY),
        isLater: fc.boolean(),
      }),
    },
    { weight: 6, arbitrary: fc.record<OfViewer>({ do: fc.constant('drain'), viewer: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record<OfViewer>({ do: fc.constant('leave'), viewer: fc.nat(5) }) },
  ),
  { minLength: 10, maxLength: 120 },
);

describe('delivery', () => {
  test('is exact or refused, for every viewer', async () => {
    const sizes = fc.record({
      historyLimit: fc.constantFrom(4, 10, 1_000),
      logCapacity: fc.constantFrom(1, 2, 5, 64),
      pageSize: fc.constantFrom(1, 2, 5),
    });
    await fc.assert(
      fc.asyncProperty(sizes, steps, async ({ historyLimit, logCapacity, pageSize }, taken) => {
        const harness = new CrowdHarness(historyLimit, logCapacity, pageSize);
        for (const step of taken) await harness.take(step);
        await harness.settle();
        for (const viewer of harness.viewers) harness.expectKept(viewer);
        for (const number of harness.viewers.keys()) harness.leave(number);
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
