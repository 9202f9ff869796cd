import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHub, subscribe } from './fixture.js';

describe('ten thousand random joins and leaves', () => {
  test('leave no room, feed or presence behind', async () => {
    const steps = fc.array(fc.record({ joins: fc.boolean(), room: fc.nat(4), key: fc.nat(3) }), {
      minLength: 10_000,
      maxLength: 10_000,
    });
    const [sampled] = fc.sample(steps, { seed: 7, numRuns: 1 });
    const { hub, store, present, troubles } = createHub();
    const subscriptions = new Map<string, { leave(): void }[]>();
    const pending: Promise<unknown>[] = [];
    for (const { joins, room, key } of sampled!) {
      const roomId = `room${room}`;
      const inRoom = subscriptions.get(roomId) ?? [];
      subscriptions.set(roomId, inRoom);
      if (joins) {
        pending.push(
          subscribe(hub, { from: 'now' }, { roomId, key: String(key) }).then((subscription) =>
            inRoom.push(subscription),
          ),
        );
      } else {
        inRoom.pop()?.leave();
      }
      if (key === 0) await nextTurn();
      if (joins && key === 1) store.put(roomId);
    }
    await Promise.all(pending);
    for (const subscription of [...subscriptions.values()].flat()) subscription.leave();
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 0, projections: 0, feeds: 0 });
    expect([...present.values()].every((count) => count === 0)).toBe(true);
    expect(troubles).toEqual([]);
  });
});
