/** Once a node has seen a retraction, it writes no bytes with the retracted text, in whatever step of delivery they are. */
import { describe, expect, test } from 'vitest';
import { PullSink } from '#fanout/delivery/pull-sink.js';
import { createHub, follow, laterTextOf, ROOM, TestSink, textOf, turns } from '#test/fanout/fixture.js';
import { UnreliableNetwork } from '#test/fanout/unreliable-network.js';
import { MemoryStore } from '#test/support/memory-store.js';

const NOW = { from: 'now' } as const;
const put = (store: MemoryStore, text: string) => store.put(ROOM, text).id;
const lastOf = (count: number) => ({ from: 'last', count }) as const;

/** A hub whose feed and pages the test controls. */
async function createSlowHub({
  store = new MemoryStore(),
  ...options
}: Parameters<typeof createHub>[0] = {}) {
  const network = new UnreliableNetwork(store);
  const eventLog = {
    page: network.page.bind(network),
    messages: store.messages.bind(store),
    heads: store.heads.bind(store),
  };
  const harness = createHub({ ...options, store, eventLog, feed: network });
  const answer = async (snapshot: 'stale' | 'fresh') => {
    await turns();
    expect(network.reads.length, 'a read is waiting').toBeGreaterThan(0);
    network.answer(snapshot);
    await turns();
  };
  return { ...harness, network, answer };
}

describe('a live subscription', () => {
  test('receives the message, then its retraction', async () => {
    const { hub, store } = createHub();
    const sink = new TestSink();
    await follow(hub, NOW, { sink });
    const a = put(store, 'a');
    await turns();
    store.take(ROOM, [a]);
    await turns();
    expect(sink.received).toEqual(['a', `-${a}`]);
  });

  test('receives only the retraction if both came in one turn', async () => {
    const { hub, store } = createHub();
    const sink = new TestSink();
    await follow(hub, NOW, { sink });
    const a = put(store, 'a');
    put(store, 'b');
    store.take(ROOM, [a]);
    await turns();
    expect(sink.received).toEqual(['b', `-${a}`]);
  });

  test.each([textOf, laterTextOf])(
    'skips what was retracted while its sink was full (%o)',
    async (render) => {
      const { hub, store } = createHub();
      const sink = new TestSink(1);
      await follow(hub, NOW, { sink, render });
      put(store, 'first');
      await turns(10);
      const ids = ['a', 'b', 'c'].map((text) => put(store, text));
      await turns(10);
      store.take(ROOM, [ids[1]!]);
      await turns(10);
      sink.capacity = 9;
      sink.drain();
      await turns(20);
      expect(sink.received).toEqual(['first', 'a', 'c', `-${ids[1]}`]);
    },
  );

  test('does not receive a message whose rendering the retraction overtook', async () => {
    const { hub, store } = createHub();
    const sink = new TestSink();
    await follow(hub, NOW, { sink, render: laterTextOf });
    const a = put(store, 'a');
    put(store, 'b');
    await turns(2);
    expect(sink.received).toEqual([]);
    store.take(ROOM, [a]);
    await turns(30);
    expect(sink.received).toEqual(['b', `-${a}`]);
  });

  test('does not receive what was retracted between two slices of a flush', async () => {
    const { hub, store } = createHub();
    const sinks = Array.from({ length: 40 }, () => new TestSink());
    let id: string | undefined;
    // Each write takes a millisecond, so that the flush takes several slices.
    for (const sink of sinks) {
      const write = sink.write.bind(sink);
      sink.write = (frames) => {
        const until = performance.now() + 1;
        while (performance.now() < until);
        write(frames);
        if (sink === sinks[0]) setImmediate(() => store.take(ROOM, [id!]));
      };
      await follow(hub, NOW, { sink });
    }
    id = put(store, 'a');
    await turns(60);
    const withText = sinks.filter(({ received }) => received.includes('a'));
    expect(withText.length).toBeGreaterThan(0);
    expect(withText.length).toBeLessThan(40);
    for (const { received } of sinks) expect(received.at(-1)).toBe(`-${id}`);
  });

  test('obeys the retraction of all messages of an author, which a later version writes', async () => {
    const { hub, store } = createHub();
    const sink = new TestSink(0);
    const bob = { id: 'user:bob', name: 'Bob' };
    await follow(hub, NOW, { sink });
    put(store, 'a');
    store.put(ROOM, 'b', bob);
    store.put(ROOM, 'c', bob);
    await turns();
    store.takeAllOf(ROOM, bob.id);
    store.put(ROOM, 'd', bob);
    await turns();
    sink.capacity = 9;
    sink.drain();
    await turns();
    expect(sink.received).toEqual(['a', `-${bob.id}`, 'd']);
  });
});

describe('a retraction that overtakes other entries', () => {
  test('takes effect before the log has caught up', async () => {
    const { hub, store, network, answer } = await createSlowHub();
    const sink = new TestSink(0);
    put(store, 'first');
    const coming = follow(hub, NOW, { sink });
    await answer('fresh');
    await coming;
    const a = put(store, 'a');
    network.deliver(0);
    put(store, 'b');
    store.take(ROOM, [a]);
    // `b` is lost on the way.
    network.deliver(1);
    sink.capacity = 9;
    sink.drain();
    await turns();
    expect(sink.received).toEqual([]);
    await answer('fresh');
    expect(sink.received).toEqual(['b', `-${a}`]);
  });

  // Replicas serve pages that have at least the known head. One that lacks the retraction must not qualify.
  test('makes the head unknown until the log has caught up, even if that fails at first', async () => {
    const { hub, store, network, answer } = await createSlowHub();
    const a = put(store, 'a');
    const coming = follow(hub, NOW);
    await answer('fresh');
    await coming;
    expect(hub.knownHead(ROOM)).toMatchObject({ head: a });
    put(store, 'b');
    store.take(ROOM, [a]);
    // `b` is lost on the way.
    network.deliver(1);
    network.fail();
    await turns();
    expect(hub.knownHead(ROOM)).toBeUndefined();
    await hub.checkHeads();
    await answer('fresh');
    expect(hub.knownHead(ROOM)).toMatchObject({ head: store.kept(ROOM).at(-1)!.id });
  });

  test('is applied to the page that was read before it', async () => {
    const { hub, store, network, answer } = await createSlowHub();
    const sink = new TestSink();
    const coming = follow(hub, NOW, { sink });
    await answer('fresh');
    await coming;
    const a = put(store, 'a');
    network.listener!.onResumed();
    await turns();
    store.take(ROOM, [a]);
    network.deliver(1);
    await answer('stale');
    await answer('fresh');
    expect(sink.received).toEqual([`-${a}`]);
  });

  test('takes effect although the log has to begin again', async () => {
    const limited = new MemoryStore({ historyLimit: 4 });
    const { hub, store, network, answer } = await createSlowHub({ store: limited, logCapacity: 3 });
    put(store, 'first');
    const coming = follow(hub, NOW);
    await answer('fresh');
    await coming;
    for (const text of 'abcdef') put(store, text);
    network.published.length = 0;
    network.listener!.onResumed();
    // What follows the head is gone, so the log reads the newest entries.
    await answer('fresh');
    const g = put(store, 'g');
    store.take(ROOM, [g]);
    network.deliver(1);
    await answer('stale');
    const sink = new TestSink();
    await follow(hub, lastOf(1), { sink });
    network.deliver(0);
    await turns();
    expect(sink.received).toEqual(['f']);
    await answer('fresh');
    expect(sink.received).toEqual(['f', `-${g}`]);
  });

  test('is applied to the page with which the room opens', async () => {
    const { hub, store, network, answer } = await createSlowHub();
    const a = put(store, 'a');
    const sink = new TestSink();
    const coming = follow(hub, lastOf(5), { sink });
    await turns();
    store.take(ROOM, [a]);
    network.deliver(0);
    await answer('stale');
    await coming;
    await answer('fresh');
    expect(sink.received).toEqual([`-${a}`]);
  });
});

describe('a subscription that is behind the log', () => {
  /** Eight messages in a log of two, and a subscription that waits for the page after the first. */
  async function createBehind(options: { render?: typeof textOf } = {}) {
    const harness = await createSlowHub({ logCapacity: 2, pageSize: 3 });
    const { hub, store, answer } = harness;
    const ids = [...'abcdefgh'].map((text) => put(store, text));
    const sink = new TestSink();
    const coming = follow(hub, { from: 'after', cursor: ids[0]! }, { sink, ...options });
    await answer('fresh');
    await answer('fresh');
    await coming;
    await turns();
    return { ...harness, ids, sink };
  }

  test('skips what was retracted while its page was read', async () => {
    const { store, network, answer, ids, sink } = await createBehind();
    store.take(ROOM, [ids[2]!]);
    network.deliver(network.published.length - 1);
    await answer('stale');
    expect(sink.received).toEqual(['b', 'd']);
    await answer('fresh');
    expect(sink.received).toEqual([...'bdefgh', `-${ids[2]}`]);
  });

  test('skips what was retracted while its page was rendered', async () => {
    const { store, network, ids, sink } = await createBehind({ render: laterTextOf });
    network.answer('fresh');
    await turns(2);
    expect(sink.received).toEqual([]);
    store.take(ROOM, [ids[2]!]);
    network.deliver(network.published.length - 1);
    await turns(10);
    expect(sink.received).toEqual(['b', 'd']);
  });

  test('obeys a retraction that only its page contains, because the feed lost it', async () => {
    const { hub, store, answer } = await createSlowHub({ logCapacity: 2, pageSize: 9 });
    const keeper = new TestSink(0);
    const ids = [...'abcd'].map((text) => put(store, text));
    const keeping = follow(hub, lastOf(2), { sink: keeper });
    await answer('fresh');
    await keeping;
    store.take(ROOM, [ids[3]!]);
    const sink = new TestSink();
    const coming = follow(hub, { from: 'after', cursor: ids[0]! }, { sink });
    await answer('fresh');
    await coming;
    keeper.capacity = 9;
    keeper.drain();
    expect(keeper.received).toEqual(['c']);
    // The log catches up, and the subscription reads its page.
    await answer('fresh');
    await answer('fresh');
    expect(keeper.received).toEqual(['c', `-${ids[3]}`]);
    expect(sink.received).toEqual(['b', 'c', `-${ids[3]}`]);
  });
});

describe('the backlog of a subscription', () => {
  test('contains the newest visible messages and no other events, until the head at joining', async () => {
    const { hub, store } = createHub({ logCapacity: 32 });
    const ids = [...'abcdef'].map((text) => put(store, text));
    store.take(ROOM, [ids[4]!]);
    const keeper = await follow(hub, NOW);
    const sink = new TestSink(0);
    await follow(hub, lastOf(3), { sink });
    store.take(ROOM, [ids[0]!]);
    put(store, 'g');
    await turns();
    sink.capacity = 99;
    sink.drain();
    await turns();
    expect(sink.received).toEqual(['c', 'd', 'f', `-${ids[0]}`, 'g']);
    keeper.leave();
  });

  test.each([4, 8, 64])('is complete whatever the log holds (%i entries)', async (logCapacity) => {
    const { hub, store } = createHub({ logCapacity, pageSize: 3 });
    const ids = [...'abcdefghij'].map((text) => put(store, text));
    store.take(ROOM, [ids[6]!, ids[8]!]);
    store.take(ROOM, [ids[3]!]);
    const sink = new TestSink();
    await follow(hub, lastOf(4), { sink });
    await turns(30);
    expect(sink.received).toEqual(['e', 'f', 'h', 'j']);
    store.take(ROOM, [ids[9]!]);
    await turns();
    expect(sink.received.slice(4)).toEqual([`-${ids[9]}`]);
  });

  test('is not resumed: a client that resumes receives every event since its cursor', async () => {
    const { hub, store } = createHub();
    const [a, b] = [put(store, 'a'), put(store, 'b')];
    store.take(ROOM, [b]);
    const sink = new TestSink();
    await follow(hub, { from: 'after', cursor: a }, { sink });
    expect(sink.received).toEqual([`-${b}`]);
    const afterTombstone = new TestSink();
    await follow(hub, { from: 'after', cursor: b }, { sink: afterTombstone });
    expect(afterTombstone.received).toEqual([`-${b}`]);
  });
});

test('a consumer that iterates does not get what was retracted before it asked', async () => {
  const { hub, store } = createHub();
  const sink = new PullSink();
  await follow(hub, NOW, {
    sink,
    render: (event) => Buffer.from(JSON.stringify({ data: String(textOf(event)) })),
  });
  const ids = ['a', 'b', 'c'].map((text) => put(store, text));
  await turns();
  expect((await sink.next()).value).toMatchObject({ data: 'a' });
  store.take(ROOM, [ids[1]!]);
  expect((await sink.next()).value).toMatchObject({ data: 'c' });
  await turns();
  expect((await sink.next()).value).toMatchObject({ data: `-${ids[1]}` });
});

test('messages and events of a room share its log but not their frames', async () => {
  const { hub, store } = createHub();
  const events = new TestSink();
  await follow(hub, NOW, { sink: events });
  const source = await hub.join(ROOM, NOW, 'c2');
  const messages = new TestSink();
  source.subscribe('ids', () => (message) => Buffer.from(message.content), messages, {
    refused: () => undefined,
  });
  const a = put(store, 'a');
  await turns();
  store.take(ROOM, [a]);
  put(store, 'b');
  await turns();
  expect(events.received).toEqual(['a', `-${a}`, 'b']);
  expect(messages.received).toEqual(['a', 'b']);
  expect(messages.writes).toBe(2);
  expect(hub.size).toEqual({ rooms: 1, projections: 2 });
});
