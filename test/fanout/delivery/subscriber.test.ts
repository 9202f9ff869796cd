import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHub, ROOM, subscribe, TestSink, turns } from '#test/fanout/fixture.js';
import { MemoryStore } from '#test/support/memory-store.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('a subscriber whose sink is full', () => {
  test('writes nothing until the sink drains, then everything in one batch', async () => {
    const { hub, store } = createHub();
    const subscription = await subscribe(hub, { from: 'now' }, { sink: new TestSink(1) });
    const sent: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      sent.push(store.put(ROOM).id);
      await turns(2);
    }
    expect(subscription.sink.received).toEqual(sent.slice(0, 1));
    subscription.sink.drain();
    expect(subscription.sink.received).toEqual(sent);
    expect(subscription.sink.writes).toBe(2);
    subscription.leave();
  });

  test('continues from the store if it fell behind the log', async () => {
    const { hub, store } = createHub({ logCapacity: 4, pageSize: 3 });
    const subscription = await subscribe(hub, { from: 'now' }, { sink: new TestSink(1) });
    const sent: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      sent.push(store.put(ROOM).id);
      await turns(2);
    }
    subscription.sink.capacity = Number.POSITIVE_INFINITY;
    subscription.sink.drain();
    await turns(20);
    expect(subscription.sink.received).toEqual(sent);
    expect(subscription.refusals).toEqual([]);
    subscription.leave();
  });

  test('is refused if it fell behind the store too', async () => {
    const { hub, store } = createHub({ store: new MemoryStore({ historyLimit: 4 }), logCapacity: 4 });
    const subscription = await subscribe(hub, { from: 'now' }, { sink: new TestSink(1) });
    const neighbor = await subscribe(hub, { from: 'now' });
    const sent: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      sent.push(store.put(ROOM).id);
      await turns(2);
    }
    subscription.sink.drain();
    await turns();
    expect(subscription.sink.received).toEqual(sent.slice(0, 1));
    expect(subscription.refusals).toMatchObject([{ code: 'CURSOR_EXPIRED' }]);
    expect(neighbor.sink.received).toEqual(sent);
    subscription.sink.drain();
    subscription.leave();
    neighbor.leave();
    expect(hub.size.rooms).toBe(0);
  });

  test('is not refused if only messages that it already received were trimmed', async () => {
    const { hub, store } = createHub({ store: new MemoryStore({ historyLimit: 4 }), logCapacity: 2 });
    const subscription = await subscribe(hub, { from: 'now' }, { sink: new TestSink(0) });
    const sent = [1, 2, 3, 4].map(() => store.put(ROOM).id);
    await turns();
    subscription.sink.capacity = Number.POSITIVE_INFINITY;
    subscription.sink.drain();
    await turns();
    expect(subscription.sink.received).toEqual(sent);
    subscription.leave();
  });
});

describe('a store that lost its data', () => {
  test('ends a subscription that started in an empty room', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const { hub, store } = createHub();
    const subscription = await subscribe(hub, { from: 'now' }, { sink: new TestSink(0) });
    store.put(ROOM);
    await turns();
    store.flush();
    vi.setSystemTime(Date.now() + 1);
    store.put(ROOM);
    await turns();
    subscription.sink.capacity = Number.POSITIVE_INFINITY;
    subscription.sink.drain();
    await turns();
    expect(subscription.sink.received).toEqual([]);
    expect(subscription.refusals).toMatchObject([{ code: 'CURSOR_EXPIRED' }]);
    subscription.leave();
  });

  test('ends live subscriptions, ones that are behind, and ones that have not started', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const { hub, store } = createHub({ logCapacity: 2 });
    const sent = [1, 2, 3, 4].map(() => store.put(ROOM).id);
    const live = await subscribe(hub, { from: 'now' });
    const behind = await subscribe(hub, { from: 'after', cursor: sent[0]! }, { sink: new TestSink(0) });
    const source = await hub.join(ROOM, { from: 'now' }, 'c');
    store.flush();
    vi.setSystemTime(Date.now() + 1);
    const fresh = store.put(ROOM);
    await turns();
    behind.sink.capacity = Number.POSITIVE_INFINITY;
    behind.sink.drain();
    const refused: unknown[] = [];
    const late = new TestSink();
    const owner = { refused: (reason: unknown) => void refused.push(reason) };
    source.subscribe('ids', () => () => Buffer.from('x'), late, owner).pump();
    await turns();
    for (const refusals of [live.refusals, behind.refusals, refused]) {
      expect(refusals).toMatchObject([{ code: 'CURSOR_EXPIRED' }]);
    }
    expect([live.sink.received, behind.sink.received, late.received]).toEqual([[], [], []]);
    source.release();
    const again = await subscribe(hub, { from: 'last', count: 10 });
    expect(again.sink.received).toEqual([fresh.id]);
    for (const subscription of [live, behind, again]) subscription.leave();
    expect(hub.size.rooms).toBe(0);
  });
});
