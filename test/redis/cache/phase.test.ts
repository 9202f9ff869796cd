import { describe, expect, test } from 'vitest';
import { phaseOf } from '#redis/cache/cached-value.js';

const NEVER = Number.NEGATIVE_INFINITY;

describe('a cached value', () => {
  test.each([
    ['unknown', 'nothing was read yet', 5_000, undefined, NEVER],
    ['unknown', 'nothing was read yet, and the load just failed', 5_000, undefined, 5_500],
    ['fresh', 'it needs no renewal', 5_000, 5_001, NEVER],
    ['stale', 'its time is over', 5_000, 5_000, NEVER],
    ['stale', 'its time is over for less than a second', 5_999, 5_000, NEVER],
    ['old', 'nobody asked for a second after that', 6_000, 5_000, NEVER],
    ['kept', 'the renewal failed less than a second ago', 6_000, 5_000, 6_001],
    ['old', 'the renewal failed a second ago', 6_001, 5_000, 6_001],
    ['fresh', 'another node renewed it after a renewal here failed', 5_000, 5_500, 5_900],
  ])('is %s if %s', (phase, _why, now, freshUntil, retryAt) => {
    expect(phaseOf(now, freshUntil, retryAt)).toBe(phase);
  });
});
