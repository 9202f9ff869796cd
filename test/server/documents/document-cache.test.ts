import { describe, expect, test } from 'vitest';
import { BoundedCache } from '#server/documents/document-cache.js';

/** A text of this length that no other number has. */
const text = (number: number, length = 16) => String(number).padStart(length, '#');

describe('the cache of documents', () => {
  test('keeps as many as it may, and drops those that were not used for longest', () => {
    const cache = new BoundedCache<number>();
    for (let number = 0; number < 512; number += 1) cache.set(text(number), number);
    expect(cache.get(text(0))).toBe(0);
    cache.set(text(512), 512);
    expect([cache.get(text(0)), cache.get(text(1)), cache.get(text(512))]).toEqual([0, undefined, 512]);
  });

  test('holds no more text than it may, so that a few hundred large documents cannot fill the memory', () => {
    const cache = new BoundedCache<number>();
    for (let number = 0; number < 100; number += 1) {
      cache.set(text(number, 16_000), number);
      // The same text again adds nothing.
      cache.set(text(number, 16_000), number);
    }
    const kept = Array.from({ length: 100 }, (_, number) => cache.get(text(number, 16_000)));
    expect(kept.filter((number) => number !== undefined)).toEqual(
      Array.from({ length: 16 }, (_, index) => 84 + index),
    );
  });

  test('does not keep a text that would push out many others', () => {
    const cache = new BoundedCache<number>();
    cache.set(text(1, 16_384), 1);
    cache.set(text(2, 16_385), 2);
    expect([cache.get(text(1, 16_384)), cache.get(text(2, 16_385))]).toEqual([1, undefined]);
  });
});
