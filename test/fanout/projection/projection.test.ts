import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Framing } from '#fanout/projection/framing.js';
import { createHub, type Render, ROOM, subscribe, TestSink, turns } from '#test/fanout/fixture.js';
import { SlowRender } from './slow-render.js';

describe('a projection', () => {
  test('writes messages from one turn of the event loop as one batch', async () => {
    const { hub, store } = createHub();
    const subscription = await subscribe(hub, { from: 'now' });
    const sent = [1, 2, 3].map(() => store.put(ROOM).id);
    await turns();
    expect(subscription.sink.received).toEqual(sent);
    expect(subscription.sink.writes).toBe(1);
    subscription.leave();
  });

  test('writes messages that arrive during a flush in the next batch', async () => {
    const { hub, store } = createHub();
    const slow = new SlowRender();
    const subscription = await subscribe(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    const sent = [store.put(ROOM).id];
    await turns();
    sent.push(store.put(ROOM).id, store.put(ROOM).id);
    await turns();
    expect(slow.rendered).toEqual(sent.slice(0, 1));
    await slow.finish();
    expect(subscription.sink.received).toEqual(sent.slice(0, 1));
    await slow.finish();
    expect(subscription.sink.received).toEqual(sent);
    expect(subscription.sink.writes).toBe(2);
    subscription.leave();
  });

  test('delivers the right messages if the log wraps around during rendering', async () => {
    const { hub, store } = createHub({ logCapacity: 3 });
    const slow = new SlowRender();
    const subscription = await subscribe(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    const late = await subscribe(hub, { from: 'now' }, { key: 'slow', sink: new TestSink(0) });
    const sent = [1, 2].map(() => store.put(ROOM).id);
    await turns();
    for (let count = 0; count < 7; count += 1) sent.push(store.put(ROOM).id);
    for (let round = 0; round < 6; round += 1) await slow.finish();
    expect(subscription.sink.received).toEqual(sent);
    late.sink.capacity = 1;
    for (let round = 0; round < 12; round += 1) {
      late.sink.drain();
      await slow.finish();
    }
    expect(late.sink.received).toEqual(sent);
    for (const each of [subscription, late]) each.leave();
  });

  test('builds each batch once per framing, and a new one for later messages', async () => {
    const { hub, store } = createHub();
    let encoded = 0;
    const framing: Framing<string[]> = {
      key: 'counted',
      encode: (payloads) => {
        encoded += 1;
        return payloads.map(String);
      },
    };
    class CountedSink extends TestSink {
      override readonly framing = framing;
    }
    const subscriptions = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        subscribe(hub, { from: 'now' }, { sink: index % 2 === 0 ? new CountedSink() : new TestSink() }),
      ),
    );
    const sent = [store.put(ROOM).id];
    await turns();
    expect(encoded).toBe(1);
    // These start at an earlier cursor, before and after the next message, so they need a new batch.
    const early = await subscribe(hub, { from: 'after', cursor: '0' }, { sink: new CountedSink(1) });
    sent.push(store.put(ROOM).id);
    await turns();
    early.sink.drain();
    const late = await subscribe(hub, { from: 'after', cursor: '0' }, { sink: new CountedSink() });
    for (const subscription of [...subscriptions, early, late]) {
      expect(subscription.sink.received).toEqual(sent);
      subscription.leave();
    }
  });

  test('limits the size of a batch, so that a stalled client holds little memory', async () => {
    const { hub, store } = createHub({ logCapacity: 64 });
    const large: Render = (message) => Buffer.from(message.id.padEnd(10_000));
    const stalled = await subscribe(hub, { from: 'now' }, { render: large, sink: new TestSink(1) });
    const sent = Array.from({ length: 40 }, () => store.put(ROOM).id);
    await turns();
    expect(stalled.sink.received).toHaveLength(7);
    stalled.sink.capacity = Number.POSITIVE_INFINITY;
    stalled.sink.drain();
    expect(stalled.sink.received.map((text) => text.trim())).toEqual(sent);
    stalled.leave();
  });

  test('lets the event loop run other work while it serves a large room', async () => {
    const { hub, store } = createHub();
    let served = 0;
    let turnsBetween = 0;
    class HeavySink extends TestSink {
      override write(frames: string[]): void {
        super.write(frames);
        served += 1;
        const until = performance.now() + 1;
        while (performance.now() < until);
      }
    }
    const subscriptions = await Promise.all(
      Array.from({ length: 60 }, () => subscribe(hub, { from: 'now' }, { sink: new HeavySink() })),
    );
    store.put(ROOM);
    while (served < subscriptions.length) {
      await nextTurn();
      turnsBetween += 1;
    }
    // More turns than the two in which the flush starts and ends.
    expect(turnsBetween).toBeGreaterThan(5);
    for (const subscription of subscriptions) subscription.leave();
  });

  test('keeps delivering to the others if a subscription leaves during a flush', async () => {
    const { hub, store } = createHub();
    const subscriptions: Awaited<ReturnType<typeof subscribe>>[] = [];
    class LeavingSink extends TestSink {
      override write(frames: string[]): void {
        super.write(frames);
        subscriptions[1]!.leave();
      }
    }
    subscriptions.push(await subscribe(hub, { from: 'now' }, { sink: new LeavingSink() }));
    subscriptions.push(await subscribe(hub, { from: 'now' }));
    subscriptions.push(await subscribe(hub, { from: 'now' }));
    const { id } = store.put(ROOM);
    await turns();
    expect(subscriptions.map(({ sink }) => sink.received)).toEqual([[id], [], [id]]);
    for (const subscription of subscriptions) subscription.leave();
    expect(hub.size.rooms).toBe(0);
  });
});
