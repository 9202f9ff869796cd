import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHub, follow, ROOM, turns } from '#test/fanout/fixture.js';
import { MemoryStore } from '#test/support/memory-store.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('where a subscriber begins', () => {
  test('is the newest that still live, or fewer, or none', async () => {
    const { hub, store } = createHub();
    const sent = [store.put(ROOM).id, store.put(ROOM).id, store.put(ROOM).id];
    for (const [count, expected] of [
      [0, []],
      [2, sent.slice(1)],
      [3, sent],
      [9, sent],
    ] as const) {
      const viewer = await follow(hub, { from: 'last', count });
      expect(viewer.sink.received).toEqual(expected);
      viewer.leave();
    }
    await expect(follow(hub, { from: 'last', count: -1 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(hub.size.rooms).toBe(0);
  });

  test('is the beginning, where all of it is kept, and refused where it is not', async () => {
    const { hub, store } = createHub({ store: new MemoryStore({ historyLimit: 2 }), logCapacity: 2 });
    const beginning = { from: 'after', cursor: '0' } as const;
    const early = await follow(hub, beginning);
    const sent = [store.put(ROOM).id, store.put(ROOM).id];
    const late = await follow(hub, beginning);
    await turns();
    expect([early.sink.received, late.sink.received]).toEqual([sent, sent]);
    store.put(ROOM);
    await expect(follow(hub, beginning)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    const exact = await follow(hub, { from: 'after', cursor: sent[0]! });
    await turns();
    expect(exact.sink.received).toHaveLength(2);
    for (const viewer of [early, late, exact]) viewer.leave();
  });

  test('is not a message that has outlived its time in the log of a room that somebody keeps open', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const ttlMs = 1_000;
    const { hub, store } = createHub({ store: new MemoryStore({ ttlMs }), ttlMs, elapsed: () => Date.now() });
    const viewer = await follow(hub, { from: 'now' });
    const old = [store.put(ROOM).id, store.put(ROOM).id];
    await turns();
    vi.setSystemTime(Date.now() + ttlMs - 1);
    await hub.checkHeads();
    vi.setSystemTime(Date.now() + 2);
    const fresh = store.put(ROOM).id;
    await turns();
    expect(viewer.sink.received).toEqual([...old, fresh]);
    const last = await follow(hub, { from: 'last', count: 5 });
    expect(last.sink.received).toEqual([fresh]);
    await expect(follow(hub, { from: 'after', cursor: old[0]! })).rejects.toMatchObject({
      code: 'CURSOR_EXPIRED',
    });
    viewer.leave();
    last.leave();
  });
});
