/** A room with more distinct selections than it may have, and a crowd that has one. */
import { afterEach, describe, expect, test } from 'vitest';
import type { SharedStream } from '#fanout/delivery/shared-stream.js';
import { createHarness, nextOf } from './delivery/subscribe-harness.js';
import { createHub, ROOM, subscribe, turns, UNLIMITED_SELECTIONS } from './fixture.js';

const joined: SharedStream[] = [];
afterEach(async () => {
  await Promise.all(joined.splice(0).map((stream) => stream.return()));
});

describe('a subscription whose selection is one too many', () => {
  function limited(perConnection: number) {
    const harness = createHarness({ selections: { ...UNLIMITED_SELECTIONS, perConnection } });
    const join = async (selection: string) => {
      const stream = await harness.join(selection);
      joined.push(stream);
      return stream;
    };
    return { ...harness, join };
  }

  test('is refused before it holds anything, also while no other one is attached', async () => {
    const { join, hub, present } = limited(2);
    await join('{ a: id }');
    await join('{ b: id }');
    await expect(join('{ c: id }')).rejects.toThrow('RATE_LIMITED');
    expect(present.get(ROOM)).toBe(2);
    expect(hub.size).toEqual({ rooms: 1, projections: 0 });
  });

  test('leaves nothing behind that keeps the room open', async () => {
    const { join, hub, present } = limited(1);
    const only = await join('{ a: id }');
    await only.return();
    expect(hub.size.rooms).toBe(0);
    const again = await join('{ b: id }');
    await expect(join('{ c: id }')).rejects.toThrow('RATE_LIMITED');
    await again.return();
    expect(present.get(ROOM)).toBe(0);
    expect(hub.size.rooms).toBe(0);
  });

  test('does not disturb the others, and is accepted once one of them has ended', async () => {
    const { join, store, executed } = limited(2);
    const streams = [await join('{ a: id }'), await join('{ b: id }')];
    await expect(join('{ c: id }')).rejects.toThrow('RATE_LIMITED');
    const results = nextOf(...streams);
    const { id } = store.put(ROOM);
    expect(await results).toEqual([
      { data: { messageAdded: { a: id } } },
      { data: { messageAdded: { b: id } } },
    ]);
    expect(executed).toEqual([id, id]);
    await streams[0]!.return();
    await join('{ c: id }');
    await expect(join('{ d: id }')).rejects.toThrow('RATE_LIMITED');
  });
});

test('the selection with most subscribers is rendered first, and the oldest among equals', async () => {
  const { hub, store } = createHub();
  const order: string[] = [];
  const join = (key: string) => {
    const render = () => {
      order.push(key);
      return Buffer.from(key);
    };
    return subscribe(hub, { from: 'now' }, { key, render });
  };
  const viewers = [await join('old'), await join('rare')];
  for (let count = 0; count < 3; count += 1) viewers.push(await join('popular'));
  store.put(ROOM);
  await turns();
  expect(order).toEqual(['popular', 'old', 'rare']);
  for (const viewer of viewers) viewer.leave();
});
