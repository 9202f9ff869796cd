import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressCounts } from '#workers/address-counts.js';

describe('connections of an address', () => {
  test('are limited over all workers together', () => {
    const counts = new AddressCounts(3);
    expect([1, 2, 3, 1].map((worker) => counts.take(worker, 'a'))).toEqual([true, true, true, false]);
    expect(counts.take(1, 'b')).toBe(true);
    counts.give(2, 'a');
    expect(counts.take(1, 'a')).toBe(true);
    expect(counts.take(3, 'a')).toBe(false);
  });

  test('no longer count once their worker has ended', () => {
    const counts = new AddressCounts(2);
    counts.take(1, 'a');
    counts.take(2, 'a');
    counts.forget(1);
    expect([counts.take(3, 'a'), counts.take(3, 'a')]).toEqual([true, false]);
    counts.forget(2);
    counts.forget(3);
    expect(counts.size).toBe(0);
  });

  test('are not given back twice, or by a worker that has none', () => {
    const counts = new AddressCounts(1);
    counts.take(1, 'a');
    counts.give(2, 'a');
    expect(counts.take(2, 'a')).toBe(false);
    counts.give(1, 'a');
    counts.give(1, 'a');
    expect([counts.take(2, 'a'), counts.take(2, 'a')]).toEqual([true, false]);
  });

  test('are exact after any sequence of events, and leave nothing behind', () => {
    const worker = fc.integer({ min: 1, max: 3 });
    const address = fc.constantFrom('a', 'b');
    const event = fc.tuple(fc.constantFrom('take', 'give', 'forget'), worker, address);
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const counts = new AddressCounts(4);
        const open: [number, string][] = [];
        for (const [kind, from, of] of events) {
          if (kind === 'take') {
            const admitted = counts.take(from, of);
            expect(admitted).toBe(open.filter(([, one]) => one === of).length < 4);
            if (admitted) open.push([from, of]);
          } else if (kind === 'give') {
            const at = open.findIndex(([one, other]) => one === from && other === of);
            counts.give(from, of);
            if (at >= 0) open.splice(at, 1);
          } else {
            counts.forget(from);
            open.splice(0, open.length, ...open.filter(([one]) => one !== from));
          }
          expect(counts.size).toBe(new Set(open.map(([, one]) => one)).size);
        }
      }),
    );
  });
});
