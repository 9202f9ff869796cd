import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import { createHub, follow, ROOM, TestSink, turns } from '#test/fanout/fixture.js';
import { UnreliableStore } from '#test/fanout/unreliable-store.js';
import { MemoryStore } from '#test/support/memory-store.js';

/** A store's log whose pages are read in another way. */
function eventLogOf(store: MemoryStore, page: MemoryStore['page']) {
  return { page, messages: store.messages.bind(store), heads: store.heads.bind(store) };
}

describe('a subscriber that reads behind the log', () => {
  test('goes on from the log where the store had no more, and the log has by then', async () => {
    const store = new MemoryStore();
    const between = new UnreliableStore(store);
    const eventLog = eventLogOf(store, between.page.bind(between));
    const { hub } = createHub({ eventLog, feed: between });
    store.put(ROOM);
    const first = follow(hub, { from: 'now' });
    await turns();
    between.answer('now');
    await first;
    // A viewer comes who has a message of which the log has not heard.
    const known = store.put(ROOM);
    const coming = follow(hub, { from: 'after', cursor: known.id });
    await turns();
    between.answer('now');
    const viewer = await coming;
    await turns();
    expect(between.reads.length).toBe(1);
    // While it reads, the log hears of that message and of the next.
    const next = store.put(ROOM);
    between.tell(0);
    between.tell(0);
    await turns();
    between.answer('asked');
    await turns();
    expect(viewer.sink.received).toEqual([next.id]);
  });

  test('is served by the next check where its read failed, though the room is silent', async () => {
    const store = new MemoryStore();
    let away = false;
    const page: MemoryStore['page'] = async (roomId, window) => {
      if (away) throw serviceUnavailable('away');
      return store.page(roomId, window);
    };
    const eventLog = eventLogOf(store, page);
    const { hub, troubles } = createHub({ eventLog, feed: store, logCapacity: 2 });
    const sent = [1, 2, 3, 4, 5].map(() => store.put(ROOM).id);
    const sink = new TestSink(0);
    const viewer = await follow(hub, { from: 'after', cursor: sent[0]! }, { sink });
    away = true;
    sink.room = Number.POSITIVE_INFINITY;
    sink.drain();
    await turns();
    expect(troubles).toMatchObject([{ code: 'SERVICE_UNAVAILABLE' }]);
    away = false;
    await hub.checkHeads();
    await turns();
    expect(sink.received).toEqual(sent.slice(1));
    expect(viewer.refusals).toEqual([]);
  });

  test('writes nothing where it has ended by the time the store answers', async () => {
    const store = new MemoryStore();
    const between = new UnreliableStore(store);
    const eventLog = eventLogOf(store, between.page.bind(between));
    const { hub } = createHub({ eventLog, feed: between, logCapacity: 1 });
    const sent = [1, 2, 3].map(() => store.put(ROOM).id);
    const coming = follow(hub, { from: 'after', cursor: sent[0]! });
    // The read that opens the log, and the one that tells whether the cursor can be honoured.
    for (let read = 0; read < 2; read += 1) {
      await turns();
      between.answer('now');
    }
    const viewer = await coming;
    await turns();
    expect(between.reads.length).toBe(1);
    viewer.leave();
    between.answer('now');
    await turns();
    expect(viewer.sink.writes).toBe(0);
    expect(viewer.refusals).toEqual([]);
  });

  test('costs one read with all who stand at the same place', async () => {
    const store = new MemoryStore();
    let reads = 0;
    const page: MemoryStore['page'] = async (roomId, window) => {
      reads += 1;
      await nextTurn();
      return store.page(roomId, window);
    };
    const eventLog = eventLogOf(store, page);
    const { hub } = createHub({ eventLog, feed: store, logCapacity: 2, pageSize: 100 });
    const sent = Array.from({ length: 50 }, () => store.put(ROOM).id);
    const keeper = await follow(hub, { from: 'now' });
    reads = 0;
    const crowd = await Promise.all(
      Array.from({ length: 100 }, () => follow(hub, { from: 'after', cursor: sent[9]! })),
    );
    await turns();
    expect(reads).toBe(2);
    for (const viewer of crowd) {
      expect(viewer.sink.received).toEqual(sent.slice(10));
      viewer.leave();
    }
    keeper.leave();
  });
});
