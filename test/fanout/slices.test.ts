import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { atMost, inSlices } from '#fanout/slices.js';

/** Occupies the event loop until a turn must end. */
function work(): void {
  const endsAt = performance.now() + 6;
  while (performance.now() < endsAt);
}

describe('many items', () => {
  test('are visited in order, with turns of the event loop in between', async () => {
    const visited: number[] = [];
    let seen = 3;
    const visits = inSlices([1, 2, 3], (item) => {
      work();
      visited.push(item);
    });
    setImmediate(() => {
      seen = visited.length;
    });
    await visits;
    expect(visited).toEqual([1, 2, 3]);
    expect(seen).toBeLessThan(3);
  });

  test('are visited a few at a time, and all of them', async () => {
    const visited: number[] = [];
    let open = 0;
    let most = 0;
    await atMost(
      3,
      Array.from({ length: 10 }, (_, index) => index),
      async (item) => {
        open += 1;
        most = Math.max(most, open);
        await nextTurn();
        visited.push(item);
        open -= 1;
      },
    );
    expect({ visited: visited.sort((a, b) => a - b), most }).toEqual({
      visited: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      most: 3,
    });
  });

  test('leave room for other work even if no visit waits for anything', async () => {
    const visited: number[] = [];
    let seen = 3;
    const visits = atMost(1, [1, 2, 3], async (item) => {
      work();
      visited.push(item);
    });
    setImmediate(() => {
      seen = visited.length;
    });
    await visits;
    expect(seen).toBeLessThan(3);
  });
});
