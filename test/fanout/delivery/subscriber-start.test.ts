import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHub, ROOM, subscribe, turns } from '#test/fanout/fixture.js';
import { MemoryStore } from '#test/support/memory-store.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('a new subscription', () => {
  test('receives the newest `last` messages, or fewer if the room has fewer', async () => {
    const { hub, store } = createHub();
    const sent = [store.put(ROOM).id, store.put(ROOM).id, store.put(ROOM).id];
    for (const [count, expected] of [
      [0, []],
      [2, sent.slice(1)],
      [3, sent],
      [9, sent],
    ] as const) {
      const subscription = await subscribe(hub, { from: 'last', count });
      expect(subscription.sink.received).toEqual(expected);
      subscription.leave();
    }
    await expect(subscribe(hub, { from: 'last', count: -1 })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    expect(hub.size.rooms).toBe(0);
  });

  test('can start at the beginning only if all messages are still kept', async () => {
    const { hub, store } = createHub({ store: new MemoryStore({ historyLimit: 2 }), logCapacity: 2 });
    const beginning = { from: 'after', cursor: '0' } as const;
    const early = await subscribe(hub, beginning);
    const sent = [store.put(ROOM).id, store.put(ROOM).id];
    const late = await subscribe(hub, beginning);
    await turns();
    expect([early.sink.received, late.sink.received]).toEqual([sent, sent]);
    store.put(ROOM);
    await expect(subscribe(hub, beginning)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    const exact = await subscribe(hub, { from: 'after', cursor: sent[0]! });
    await turns();
    expect(exact.sink.received).toHaveLength(2);
    for (const subscription of [early, late, exact]) subscription.leave();
  });

  test('does not receive expired messages that the log of an open room still held', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const ttlMs = 1_000;
    const { hub, store } = createHub({ store: new MemoryStore({ ttlMs }), ttlMs, elapsed: () => Date.now() });
    const subscription = await subscribe(hub, { from: 'now' });
    const old = [store.put(ROOM).id, store.put(ROOM).id];
    await turns();
    vi.setSystemTime(Date.now() + ttlMs - 1);
    await hub.checkHeads();
    vi.setSystemTime(Date.now() + 2);
    const fresh = store.put(ROOM).id;
    await turns();
    expect(subscription.sink.received).toEqual([...old, fresh]);
    const last = await subscribe(hub, { from: 'last', count: 5 });
    expect(last.sink.received).toEqual([fresh]);
    await expect(subscribe(hub, { from: 'after', cursor: old[0]! })).rejects.toMatchObject({
      code: 'CURSOR_EXPIRED',
    });
    subscription.leave();
    last.leave();
  });
});
