/** An old reader on a log with entries that a later version wrote: it loses nothing, and shows nothing of them. */
import { describe, expect, test } from 'vitest';
import type { OpaqueEntry } from '#domain/entry.js';
import type { Feed } from '#domain/ports/feed.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, follow, ROOM, TestSink, turns } from './fixture.js';

/** Puts messages and opaque entries there by a text of `m` and `o`; returns the ids of the messages. */
function fill(store: MemoryStore, kinds: string): string[] {
  return [...kinds].flatMap((kind) => {
    if (kind === 'm') return store.put(ROOM).id;
    store.putOpaque(ROOM);
    return [];
  });
}

describe('entries of an unknown kind', () => {
  test('are passed over in a live room, and nothing is written for them', async () => {
    const { hub, store, troubles } = createHub();
    const viewer = await follow(hub, { from: 'now' });
    fill(store, 'ooo');
    await turns();
    expect(viewer.sink.writes).toBe(0);
    const sent = fill(store, 'omoommo');
    await turns();
    expect(viewer.sink.received).toEqual(sent);
    expect(troubles).toEqual([]);
    viewer.leave();
  });

  test('move the cursor: whoever comes back behind one goes on from there', async () => {
    const { hub, store } = createHub();
    const keeper = await follow(hub, { from: 'now' });
    const opaque: OpaqueEntry = store.putOpaque(ROOM);
    const sent = fill(store, 'm');
    await turns();
    const viewer = await follow(hub, { from: 'after', cursor: opaque.id });
    expect(viewer.sink.received).toEqual(sent);
    keeper.leave();
    viewer.leave();
  });

  test('do not stop a catch-up, though they fill whole pages of it', async () => {
    const store = new MemoryStore();
    const deaf: Feed = { open: async () => ({ close: async () => undefined }) };
    const { hub, gaps } = createHub({ store, feed: deaf, pageSize: 3, logCapacity: 64 });
    const viewer = await follow(hub, { from: 'now' });
    const sent = fill(store, `m${'o'.repeat(20)}mm${'o'.repeat(7)}`);
    await hub.checkHeads();
    await turns(30);
    expect(viewer.sink.received).toEqual(sent);
    expect(gaps).toEqual([3]);
    await hub.checkHeads();
    await turns();
    expect(gaps).toEqual([3]);
    viewer.leave();
  });

  test('do not stop a subscriber that reads behind the log', async () => {
    const { hub, store } = createHub({ logCapacity: 4, pageSize: 3 });
    const sink = new TestSink(0);
    const viewer = await follow(hub, { from: 'now' }, { sink });
    const sent = fill(store, `m${'o'.repeat(20)}m${'o'.repeat(20)}mooooo`);
    await turns();
    sink.room = Number.POSITIVE_INFINITY;
    sink.drain();
    await turns(60);
    expect(sink.received).toEqual(sent);
    sent.push(...fill(store, 'om'));
    await turns();
    expect(sink.received).toEqual(sent);
    expect(viewer.refusals).toEqual([]);
    viewer.leave();
  });

  test.each([
    ['all in the log', 'mmoomoo', 64],
    ['behind what the log holds', 'mmmmooooooooooooooooo', 8],
    ['some of them held, some not', 'mmmoooooommoo', 6],
  ])('are not counted by those who join with `last`: %s', async (_, kinds, logCapacity) => {
    const { hub, store } = createHub({ logCapacity });
    const sent = fill(store, kinds);
    for (const count of [0, 1, 3, 50]) {
      const viewer = await follow(hub, { from: 'last', count });
      await turns(20);
      expect(viewer.sink.received).toEqual(count === 0 ? [] : sent.slice(-count));
      const next = fill(store, 'om');
      await turns();
      expect(viewer.sink.received.at(-1)).toBe(next[0]);
      sent.push(...next);
      viewer.leave();
    }
  });

  test('are not measured: neither as received nor as delivered', async () => {
    const { hub, store } = createHub();
    const viewers = [await follow(hub, { from: 'now' }), await follow(hub, { from: 'now' })];
    fill(store, 'oomomo');
    await turns();
    expect(hub.meter.total).toMatchObject({ messages: 2, deliveries: 4 });
    for (const viewer of viewers) viewer.leave();
  });
});

describe('a room that is silent for longer than its messages live', () => {
  function silent() {
    let ahead = 0;
    const ttlMs = 1_000;
    const store = new MemoryStore({ ttlMs, now: () => Date.now() + ahead });
    const harness = createHub({ store, ttlMs, elapsed: () => Date.now() + ahead });
    return {
      ...harness,
      store,
      growOld: () => {
        ahead += 5 * ttlMs;
      },
    };
  }

  test('goes on for those who follow it, and for those who join with `last`, a cursor or "0"', async () => {
    const { hub, store, growOld } = silent();
    const before = store.put(ROOM).id;
    const live = await follow(hub, { from: 'now' });
    growOld();
    await hub.checkHeads();
    const joined = await Promise.all([
      follow(hub, { from: 'last', count: 5 }),
      follow(hub, { from: 'after', cursor: before }),
      follow(hub, { from: 'after', cursor: '0' }),
      follow(hub, { from: 'now' }),
    ]);
    const next = store.put(ROOM).id;
    await turns();
    for (const viewer of [live, ...joined]) {
      expect(viewer.sink.received).toEqual([next]);
      expect(viewer.refusals).toEqual([]);
      viewer.leave();
    }
  });

  test('is opened at its head by a node that comes later', async () => {
    const { hub, store, growOld } = silent();
    const before = store.put(ROOM).id;
    growOld();
    const joined = [
      await follow(hub, { from: 'now' }),
      await follow(hub, { from: 'after', cursor: before }),
      await follow(hub, { from: 'after', cursor: '0' }),
    ];
    const next = store.put(ROOM).id;
    await turns();
    for (const viewer of joined) {
      expect(viewer.sink.received).toEqual([next]);
      viewer.leave();
    }
  });
});

describe('a store that lost its data', () => {
  test('is told to each live subscription once, though nothing is sent afterwards', async () => {
    const { hub, store } = createHub();
    store.put(ROOM);
    const viewers = [await follow(hub, { from: 'now' }), await follow(hub, { from: 'last', count: 5 })];
    store.flush();
    for (let check = 0; check < 3; check += 1) {
      await hub.checkHeads();
      await turns();
    }
    for (const viewer of viewers) expect(viewer.refusals).toMatchObject([{ code: 'CURSOR_EXPIRED' }]);
    const again = await follow(hub, { from: 'last', count: 5 });
    const next = store.put(ROOM).id;
    await turns();
    await hub.checkHeads();
    await turns();
    expect(again.sink.received).toEqual([next]);
    expect(again.refusals).toEqual([]);
    for (const viewer of [...viewers, again]) viewer.leave();
  });
});
