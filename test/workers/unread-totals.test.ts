import { describe, expect, test } from 'vitest';
import { reportedFrom, UnreadTotals } from '#workers/unread-totals.js';

const LIMIT = 1_000;

describe('the unread bytes of an address', () => {
  test('are limited over all workers together, and the worker with most of them is asked to close some', () => {
    const totals = new UnreadTotals(LIMIT, 2);
    expect(totals.report(1, [['a', 600]])).toEqual([]);
    // 1,100 bytes: 200 more than the share of the limit that connections are closed to.
    expect(totals.report(2, [['a', 500]])).toEqual([{ worker: 1, address: 'a', bytes: 400 }]);
  });

  test('do not count for another address', () => {
    const totals = new UnreadTotals(LIMIT, 2);
    totals.report(1, [['a', 900]]);
    expect(totals.report(2, [['b', 900]])).toEqual([]);
  });

  test('are closed once, even if another worker reports before the first has closed any', () => {
    const totals = new UnreadTotals(LIMIT, 2);
    totals.report(1, [['a', 600]]);
    totals.report(2, [['a', 500]]);
    expect(totals.report(2, [['a', 500]])).toEqual([]);
  });

  test('are closed on several workers if those of one are not enough', () => {
    const totals = new UnreadTotals(LIMIT, 3);
    expect(totals.report(1, [['a', 475]])).toEqual([]);
    expect(totals.report(2, [['a', 475]])).toEqual([]);
    // 1,550 bytes: the 600 of the third worker, and 50 of another one.
    expect(totals.report(3, [['a', 600]])).toEqual([
      { worker: 3, address: 'a', bytes: 0 },
      { worker: 1, address: 'a', bytes: 425 },
    ]);
  });

  test('no longer count once they were read, or their worker has ended', () => {
    const totals = new UnreadTotals(LIMIT, 2);
    totals.report(1, [['a', 600]]);
    totals.report(1, []);
    expect(totals.report(2, [['a', 900]])).toEqual([]);
    totals.forget(2);
    expect(totals.report(1, [['a', 900]])).toEqual([]);
  });

  test('are never above the limit because of what workers do not report', () => {
    for (const workers of [2, 3, 8, 64]) {
      const totals = new UnreadTotals(LIMIT, workers);
      const unreported = (workers - 1) * (reportedFrom(LIMIT, workers) - 1);
      const bytes = LIMIT - unreported + 1;
      expect(totals.report(1, [['a', bytes]])).toHaveLength(1);
    }
  });
});
