import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHub, follow } from './fixture.js';

describe('thousands who come and go', () => {
  test('leave nothing behind', async () => {
    const steps = fc.array(fc.record({ comes: fc.boolean(), room: fc.nat(4), key: fc.nat(3) }), {
      minLength: 10_000,
      maxLength: 10_000,
    });
    const [taken] = fc.sample(steps, { seed: 7, numRuns: 1 });
    const { hub, store, present, troubles } = createHub();
    const viewers = new Map<string, { leave(): void }[]>();
    const underWay: Promise<unknown>[] = [];
    for (const { comes, room, key } of taken!) {
      const roomId = `room${room}`;
      const inRoom = viewers.get(roomId) ?? [];
      viewers.set(roomId, inRoom);
      if (comes) {
        underWay.push(
          follow(hub, { from: 'now' }, { roomId, key: String(key) }).then((viewer) => inRoom.push(viewer)),
        );
      } else {
        inRoom.pop()?.leave();
      }
      if (key === 0) await nextTurn();
      if (comes && key === 1) store.put(roomId);
    }
    await Promise.all(underWay);
    for (const viewer of [...viewers.values()].flat()) viewer.leave();
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 0, projections: 0, feeds: 0 });
    expect([...present.values()].every((count) => count === 0)).toBe(true);
    expect(troubles).toEqual([]);
  });
});
