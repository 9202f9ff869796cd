import { describe, expect, test, vi } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import type { Feed } from '#domain/ports/feed.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, ROOM, subscribe, turns } from './fixture.js';

describe('comparing heads with the store', () => {
  test('delivers messages that a broken feed lost', async () => {
    const store = new MemoryStore();
    const silentFeed: Feed = { open: async () => ({ close: async () => undefined }) };
    const { hub, gaps } = createHub({ store, feed: silentFeed });
    const subscription = await subscribe(hub, { from: 'now' });
    const sent = [store.put(ROOM).id, store.put(ROOM).id];
    await hub.checkHeads();
    await turns();
    expect(subscription.sink.received).toEqual(sent);
    expect(gaps).toEqual([2]);
    subscription.leave();
  });

  test('goes on in other rooms while a part of the store is unreachable', async () => {
    const store = new MemoryStore();
    const away = serviceUnavailable('This part of Redis cannot be reached.');
    const silentFeed: Feed = { open: async () => ({ close: async () => undefined }) };
    const eventLog = {
      page: store.page.bind(store),
      messages: store.messages.bind(store),
      heads: async (roomIds: readonly string[]) => {
        const heads = await store.heads(roomIds);
        return roomIds.map((roomId, index) => (roomId === 'away' ? away : heads[index]!));
      },
    };
    const { hub, troubles } = createHub({ store, feed: silentFeed, eventLog });
    const others = await hub.join('away', { from: 'now' }, 'c2');
    const subscription = await subscribe(hub, { from: 'now' });
    const sent = store.put(ROOM).id;
    await hub.checkHeads();
    await turns();
    expect(subscription.sink.received).toEqual([sent]);
    expect(troubles).toEqual([away]);
    others.release();
    subscription.leave();
  });

  test('happens several times within the lifetime of a message, until the hub is closed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let checks = 0;
    const store = new MemoryStore();
    const eventLog = {
      page: store.page.bind(store),
      messages: store.messages.bind(store),
      heads: async (roomIds: readonly string[]) => {
        checks += 1;
        return store.heads(roomIds);
      },
    };
    const { hub } = createHub({ store, eventLog, ttlMs: 1_000 });
    const subscription = await subscribe(hub, { from: 'now' });
    hub.start();
    hub.start();
    vi.advanceTimersByTime(1_000);
    expect(checks).toBe(4);
    await hub.close();
    expect(vi.getTimerCount()).toBe(0);
    subscription.leave();
    vi.useRealTimers();
  });

  test('sends no request if no room is open', async () => {
    const fail = () => Promise.reject(new Error('The store was read.'));
    const { hub } = createHub({ eventLog: { page: fail, messages: fail, heads: fail } });
    await expect(hub.checkHeads()).resolves.toBeUndefined();
  });
});
