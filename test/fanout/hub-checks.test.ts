import { describe, expect, test, vi } from 'vitest';
import type { Feed } from '#domain/ports/feed.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, follow, ROOM, turns } from './fixture.js';

describe('comparing heads with the store', () => {
  test('heals a feed that died in silence', async () => {
    const store = new MemoryStore();
    const deaf: Feed = { open: async () => ({ close: async () => undefined }) };
    const { hub, gaps } = createHub({ store, feed: deaf });
    const viewer = await follow(hub, { from: 'now' });
    const sent = [store.put(ROOM).id, store.put(ROOM).id];
    await hub.checkHeads();
    await turns();
    expect(viewer.sink.received).toEqual(sent);
    expect(gaps).toEqual([2]);
    viewer.leave();
  });

  test('is done several times in the life of a message, until the hub is closed', async () => {
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
    const viewer = await follow(hub, { from: 'now' });
    hub.start();
    hub.start();
    vi.advanceTimersByTime(1_000);
    expect(checks).toBe(4);
    await hub.close();
    expect(vi.getTimerCount()).toBe(0);
    viewer.leave();
    vi.useRealTimers();
  });

  test('asks nothing where no room is open', async () => {
    const asked = () => Promise.reject(new Error('asked'));
    const { hub } = createHub({ eventLog: { page: asked, messages: asked, heads: asked } });
    await expect(hub.checkHeads()).resolves.toBeUndefined();
  });
});
