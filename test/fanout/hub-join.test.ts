import { describe, expect, test } from 'vitest';
import { RoomSource } from '#fanout/room-source.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, ROOM } from './fixture.js';

describe('joining an open room', () => {
  /** Creates a room with two messages and one subscription. */
  async function openRoom() {
    const store = new MemoryStore();
    const sent = [store.put(ROOM, 'a'), store.put(ROOM, 'b')];
    const { hub, present } = createHub({ store });
    const first = await hub.join(ROOM, { from: 'now' }, 'first');
    return { hub, present, sent, first };
  }

  test.each(['now', 'last', 'after'] as const)(
    'returns a source synchronously for a start from %s',
    async (from) => {
      const { hub, present, sent, first } = await openRoom();
      const start = { now: { from }, last: { from, count: 1 }, after: { from, cursor: sent[0]!.id } }[from];
      const source = hub.join(ROOM, start as never, 'second');
      expect(source).toBeInstanceOf(RoomSource);
      expect(present.get(ROOM)).toBe(2);
      (source as RoomSource).release();
      first.release();
      expect([present.get(ROOM), hub.size.rooms]).toEqual([0, 0]);
    },
  );

  test('rejects a negative number of messages, and is not counted', async () => {
    const { hub, present, first } = await openRoom();
    const joining = hub.join(ROOM, { from: 'last', count: -1 }, 'second');
    await expect(joining).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(present.get(ROOM)).toBe(1);
    first.release();
    expect(hub.size.rooms).toBe(0);
  });

  test('rejects a cursor that the store does not know, and is not counted', async () => {
    const { hub, present, first } = await openRoom();
    const joining = hub.join(ROOM, { from: 'after', cursor: '1-1' }, 'second');
    await expect(joining).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    expect(present.get(ROOM)).toBe(1);
    first.release();
    expect(hub.size.rooms).toBe(0);
  });
});
