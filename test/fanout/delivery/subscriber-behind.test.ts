import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import { createHub, ROOM, subscribe, TestSink, turns } from '#test/fanout/fixture.js';
import { UnreliableNetwork } from '#test/fanout/unreliable-network.js';
import { MemoryStore } from '#test/support/memory-store.js';

/** Replaces how pages are read from a store. */
function eventLogWith(store: MemoryStore, page: MemoryStore['page']) {
  return { page, messages: store.messages.bind(store), heads: store.heads.bind(store) };
}

describe('a subscriber that reads from the store', () => {
  test('continues from the log if the store had no more but the log has by then', async () => {
    const store = new MemoryStore();
    const network = new UnreliableNetwork(store);
    const eventLog = eventLogWith(store, network.page.bind(network));
    const { hub } = createHub({ eventLog, feed: network });
    store.put(ROOM);
    const first = subscribe(hub, { from: 'now' });
    await turns();
    network.answer('fresh');
    await first;
    // A client resumes after a message that the log has not received yet.
    const known = store.put(ROOM);
    const coming = subscribe(hub, { from: 'after', cursor: known.id });
    await turns();
    network.answer('fresh');
    const subscription = await coming;
    await turns();
    expect(network.reads.length).toBe(1);
    // During the read, the log receives that message and the next one.
    const next = store.put(ROOM);
    network.deliver(0);
    network.deliver(0);
    await turns();
    network.answer('stale');
    await turns();
    expect(subscription.sink.received).toEqual([next.id]);
  });

  test('tries again at the next head check after a failed read, even if the room is silent', async () => {
    const store = new MemoryStore();
    let isDown = false;
    const page: MemoryStore['page'] = async (roomId, window) => {
      if (isDown) throw serviceUnavailable('The store is down.');
      return store.page(roomId, window);
    };
    const eventLog = eventLogWith(store, page);
    const { hub, troubles } = createHub({ eventLog, feed: store, logCapacity: 2 });
    const sent = [1, 2, 3, 4, 5].map(() => store.put(ROOM).id);
    const sink = new TestSink(0);
    const subscription = await subscribe(hub, { from: 'after', cursor: sent[0]! }, { sink });
    isDown = true;
    sink.capacity = Number.POSITIVE_INFINITY;
    sink.drain();
    await turns();
    expect(troubles).toMatchObject([{ code: 'SERVICE_UNAVAILABLE' }]);
    isDown = false;
    await hub.checkHeads();
    await turns();
    expect(sink.received).toEqual(sent.slice(1));
    expect(subscription.refusals).toEqual([]);
  });

  test('writes nothing if it ended before the store answered', async () => {
    const store = new MemoryStore();
    const network = new UnreliableNetwork(store);
    const eventLog = eventLogWith(store, network.page.bind(network));
    const { hub } = createHub({ eventLog, feed: network, logCapacity: 1 });
    const sent = [1, 2, 3].map(() => store.put(ROOM).id);
    const coming = subscribe(hub, { from: 'after', cursor: sent[0]! });
    // One read opens the log, and one checks that the cursor can be resumed from.
    for (let read = 0; read < 2; read += 1) {
      await turns();
      network.answer('fresh');
    }
    const subscription = await coming;
    await turns();
    expect(network.reads.length).toBe(1);
    subscription.leave();
    network.answer('fresh');
    await turns();
    expect(subscription.sink.writes).toBe(0);
    expect(subscription.refusals).toEqual([]);
  });

  test('shares one read with all subscribers at the same cursor', async () => {
    const store = new MemoryStore();
    let reads = 0;
    const page: MemoryStore['page'] = async (roomId, window) => {
      reads += 1;
      await nextTurn();
      return store.page(roomId, window);
    };
    const eventLog = eventLogWith(store, page);
    const { hub } = createHub({ eventLog, feed: store, logCapacity: 2, pageSize: 100 });
    const sent = Array.from({ length: 50 }, () => store.put(ROOM).id);
    const keeper = await subscribe(hub, { from: 'now' });
    reads = 0;
    const crowd = await Promise.all(
      Array.from({ length: 100 }, () => subscribe(hub, { from: 'after', cursor: sent[9]! })),
    );
    await turns();
    expect(reads).toBe(2);
    for (const subscription of crowd) {
      expect(subscription.sink.received).toEqual(sent.slice(10));
      subscription.leave();
    }
    keeper.leave();
  });
});
