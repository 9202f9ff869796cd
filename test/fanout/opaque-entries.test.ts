/**
 * A room may contain entries of kinds that only a newer server knows. They are skipped, and no message is
 * lost.
 */
import { describe, expect, test } from 'vitest';
import type { OpaqueEntry } from '#domain/entry.js';
import type { Feed } from '#domain/ports/feed.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, ROOM, subscribe, TestSink, turns } from './fixture.js';

/** Appends a message for each `m` and an opaque entry for each `o`. Returns the ids of the messages. */
function fill(store: MemoryStore, kinds: string): string[] {
  return [...kinds].flatMap((kind) => {
    if (kind === 'm') return store.put(ROOM).id;
    store.putOpaque(ROOM);
    return [];
  });
}

describe('entries of an unknown kind', () => {
  test('are skipped in a live room without an empty write', async () => {
    const { hub, store, troubles } = createHub();
    const subscription = await subscribe(hub, { from: 'now' });
    fill(store, 'ooo');
    await turns();
    expect(subscription.sink.writes).toBe(0);
    const sent = fill(store, 'omoommo');
    await turns();
    expect(subscription.sink.received).toEqual(sent);
    expect(troubles).toEqual([]);
    subscription.leave();
  });

  test('can be resumed from by their id', async () => {
    const { hub, store } = createHub();
    const keeper = await subscribe(hub, { from: 'now' });
    const opaque: OpaqueEntry = store.putOpaque(ROOM);
    const sent = fill(store, 'm');
    await turns();
    const subscription = await subscribe(hub, { from: 'after', cursor: opaque.id });
    expect(subscription.sink.received).toEqual(sent);
    keeper.leave();
    subscription.leave();
  });

  test('do not block catching up, even if they fill whole pages', async () => {
    const store = new MemoryStore();
    const silentFeed: Feed = { open: async () => ({ close: async () => undefined }) };
    const { hub, gaps } = createHub({ store, feed: silentFeed, pageSize: 3, logCapacity: 64 });
    const subscription = await subscribe(hub, { from: 'now' });
    const sent = fill(store, `m${'o'.repeat(20)}mm${'o'.repeat(7)}`);
    await hub.checkHeads();
    await turns(30);
    expect(subscription.sink.received).toEqual(sent);
    expect(gaps).toEqual([3]);
    await hub.checkHeads();
    await turns();
    expect(gaps).toEqual([3]);
    subscription.leave();
  });

  test('do not block a subscriber that reads from the store', async () => {
    const { hub, store } = createHub({ logCapacity: 4, pageSize: 3 });
    const sink = new TestSink(0);
    const subscription = await subscribe(hub, { from: 'now' }, { sink });
    const sent = fill(store, `m${'o'.repeat(20)}m${'o'.repeat(20)}mooooo`);
    await turns();
    sink.capacity = Number.POSITIVE_INFINITY;
    sink.drain();
    await turns(60);
    expect(sink.received).toEqual(sent);
    sent.push(...fill(store, 'om'));
    await turns();
    expect(sink.received).toEqual(sent);
    expect(subscription.refusals).toEqual([]);
    subscription.leave();
  });

  test.each([
    ['all in the log', 'mmoomoo', 64],
    ['messages older than the log', 'mmmmooooooooooooooooo', 8],
    ['messages partly in the log', 'mmmoooooommoo', 6],
  ])('are not counted by `last`: %s', async (_, kinds, logCapacity) => {
    const { hub, store } = createHub({ logCapacity });
    const sent = fill(store, kinds);
    for (const count of [0, 1, 3, 50]) {
      const subscription = await subscribe(hub, { from: 'last', count });
      await turns(20);
      expect(subscription.sink.received).toEqual(count === 0 ? [] : sent.slice(-count));
      const next = fill(store, 'om');
      await turns();
      expect(subscription.sink.received.at(-1)).toBe(next[0]);
      sent.push(...next);
      subscription.leave();
    }
  });

  test('are not counted in the metrics', async () => {
    const { hub, store } = createHub();
    const subscriptions = [await subscribe(hub, { from: 'now' }), await subscribe(hub, { from: 'now' })];
    fill(store, 'oomomo');
    await turns();
    expect(hub.meter.total).toMatchObject({ messages: 2, deliveries: 4 });
    for (const subscription of subscriptions) subscription.leave();
  });
});

describe('a room that was silent until all its messages expired', () => {
  function createSilentHub() {
    let ahead = 0;
    const ttlMs = 1_000;
    const store = new MemoryStore({ ttlMs, now: () => Date.now() + ahead });
    const harness = createHub({ store, ttlMs, elapsed: () => Date.now() + ahead });
    return {
      ...harness,
      store,
      expireAll: () => {
        ahead += 5 * ttlMs;
      },
    };
  }

  test('delivers the next message to old and new subscriptions, wherever they start', async () => {
    const { hub, store, expireAll } = createSilentHub();
    const before = store.put(ROOM).id;
    const live = await subscribe(hub, { from: 'now' });
    expireAll();
    await hub.checkHeads();
    const joined = await Promise.all([
      subscribe(hub, { from: 'last', count: 5 }),
      subscribe(hub, { from: 'after', cursor: before }),
      subscribe(hub, { from: 'after', cursor: '0' }),
      subscribe(hub, { from: 'now' }),
    ]);
    const next = store.put(ROOM).id;
    await turns();
    for (const subscription of [live, ...joined]) {
      expect(subscription.sink.received).toEqual([next]);
      expect(subscription.refusals).toEqual([]);
      subscription.leave();
    }
  });

  test('delivers the next message on a node that opens it later', async () => {
    const { hub, store, expireAll } = createSilentHub();
    const before = store.put(ROOM).id;
    expireAll();
    const joined = [
      await subscribe(hub, { from: 'now' }),
      await subscribe(hub, { from: 'after', cursor: before }),
      await subscribe(hub, { from: 'after', cursor: '0' }),
    ];
    const next = store.put(ROOM).id;
    await turns();
    for (const subscription of joined) {
      expect(subscription.sink.received).toEqual([next]);
      subscription.leave();
    }
  });
});

describe('a store that lost its data', () => {
  test('ends each live subscription once, even if nothing is sent afterwards', async () => {
    const { hub, store } = createHub();
    store.put(ROOM);
    const subscriptions = [
      await subscribe(hub, { from: 'now' }),
      await subscribe(hub, { from: 'last', count: 5 }),
    ];
    store.flush();
    for (let check = 0; check < 3; check += 1) {
      await hub.checkHeads();
      await turns();
    }
    for (const subscription of subscriptions)
      expect(subscription.refusals).toMatchObject([{ code: 'CURSOR_EXPIRED' }]);
    const again = await subscribe(hub, { from: 'last', count: 5 });
    const next = store.put(ROOM).id;
    await turns();
    await hub.checkHeads();
    await turns();
    expect(again.sink.received).toEqual([next]);
    expect(again.refusals).toEqual([]);
    for (const subscription of [...subscriptions, again]) subscription.leave();
  });
});
