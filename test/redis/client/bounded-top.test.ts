import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedTop } from '#redis/client/bounded-top.js';

interface Item {
  id: string;
  size: number;
}

/** Largest first, then by id. */
const compare = (a: Item, b: Item) => b.size - a.size || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const items = fc.uniqueArray(
  fc.record({ id: fc.string({ maxLength: 3 }), size: fc.integer({ min: 0, max: 5 }) }),
  { selector: ({ id }) => id, maxLength: 60 },
);

describe('BoundedTop', () => {
  test('keeps the same items as a full sort', () => {
    fc.assert(
      fc.property(items, fc.nat(40), (all, limit) => {
        const top = new BoundedTop(limit, compare);
        for (const item of all) top.add(item);
        expect(top.sorted()).toEqual([...all].sort(compare).slice(0, limit));
      }),
      { seed: 20_260_113 },
    );
  });

  test('keeps an item once, however often it is added', () => {
    const top = new BoundedTop<Item>(3, compare);
    for (const id of ['a', 'b', 'a', 'a', 'b']) top.add({ id, size: 1 });
    expect(top.sorted().map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('tells whether an item would be kept before it is added', () => {
    const top = new BoundedTop<Item>(1, compare);
    expect(top.accepts({ id: 'a', size: 1 })).toBe(true);
    top.add({ id: 'a', size: 1 });
    expect(top.accepts({ id: 'a', size: 1 })).toBe(false);
    expect(top.accepts({ id: 'b', size: 1 })).toBe(false);
    expect(top.accepts({ id: 'b', size: 2 })).toBe(true);
  });

  test('keeps nothing if the limit is 0', () => {
    const top = new BoundedTop<Item>(0, compare);
    top.add({ id: 'a', size: 1 });
    expect(top.sorted()).toEqual([]);
  });
});
