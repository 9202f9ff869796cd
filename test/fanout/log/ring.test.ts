import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ring } from '#fanout/log/ring.js';

type Step = 'push' | 'shift' | 'reset';

const randomSteps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Step>('push') },
    { weight: 2, arbitrary: fc.constant<Step>('shift') },
    { weight: 1, arbitrary: fc.constant<Step>('reset') },
  ),
  { maxLength: 60 },
);

describe('a ring', () => {
  test('holds the newest items of an endless list, at their positions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), randomSteps, (capacity, steps) => {
        const ring = new Ring<number>(capacity);
        /** All items ever pushed, by position. `start` is the oldest position that the ring should hold. */
        const all: (number | undefined)[] = [];
        let start = 0;
        for (const step of steps) {
          if (step === 'push') {
            ring.push(all.length);
            all.push(all.length);
            start = Math.max(start, all.length - capacity);
          } else if (step === 'shift') {
            ring.shift();
            start = Math.min(start + 1, all.length);
          } else {
            ring.reset();
            all.push(undefined);
            start = all.length;
          }
          expect([ring.start, ring.end]).toEqual([start, all.length]);
          for (let position = -1; position <= all.length; position += 1) {
            expect(ring.at(position)).toBe(position >= start ? all[position] : undefined);
          }
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('never reuses a position after a reset', () => {
    const ring = new Ring<string>(2);
    ring.push('a');
    const end = ring.end;
    ring.reset();
    expect(ring.start).toBeGreaterThan(end);
    ring.push('b');
    expect(ring.at(end)).toBeUndefined();
    expect(ring.at(ring.start)).toBe('b');
  });

  test('ignores a shift when it is empty', () => {
    const ring = new Ring<string>(2);
    ring.push('a');
    ring.push('b');
    ring.shift();
    ring.shift();
    ring.shift();
    expect([ring.start, ring.end]).toEqual([2, 2]);
    ring.push('c');
    expect(ring.at(2)).toBe('c');
  });
});
