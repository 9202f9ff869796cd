import { describe, expect, test } from 'vitest';
import { createHub, idOf, type Render, ROOM, subscribe, TestSink, turns } from '#test/fanout/fixture.js';
import { SlowRender } from './slow-render.js';

describe('a projection whose last subscription has left', () => {
  test('renders nothing more, even in a busy room', async () => {
    const { hub, store } = createHub();
    const keeper = await subscribe(hub, { from: 'now' });
    const slow = new SlowRender();
    const subscription = await subscribe(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    store.put(ROOM);
    await turns();
    expect(slow.rendered).toHaveLength(1);
    store.put(ROOM);
    subscription.leave();
    for (let round = 0; round < 5; round += 1) {
      store.put(ROOM);
      await slow.finish();
    }
    expect(slow.rendered).toHaveLength(1);
    expect(hub.size.projections).toBe(1);
    keeper.leave();
  });

  test('is not reused for a later subscription', async () => {
    const { hub, store } = createHub();
    const keeper = await subscribe(hub, { from: 'now' });
    const slow = new SlowRender();
    const gone = await subscribe(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    store.put(ROOM);
    await turns();
    gone.leave();
    const subscription = await subscribe(hub, { from: 'now' }, { key: 'slow', render: idOf });
    await slow.finish();
    const { id } = store.put(ROOM);
    await turns();
    expect([gone.sink.received, subscription.sink.received]).toEqual([[], [id]]);
    expect(hub.size.projections).toBe(2);
    for (const each of [keeper, subscription]) each.leave();
  });
});

describe('a message whose rendering fails', () => {
  test.each<[string, Render]>([
    [
      'synchronously',
      (message) => {
        if (message.content === 'bad') throw new Error('cannot');
        return Buffer.from(message.id);
      },
    ],
    [
      'asynchronously',
      async (message) => {
        if (message.content === 'bad') throw new Error('cannot');
        return Buffer.from(message.id);
      },
    ],
  ])('%s is delivered as an error, and later messages still arrive', async (_when, render) => {
    const { hub, store, troubles } = createHub({ logCapacity: 2 });
    const slow = await subscribe(hub, { from: 'now' }, { key: 'bad', render, sink: new TestSink(0) });
    const subscription = await subscribe(hub, { from: 'now' }, { key: 'bad', render });
    const before = store.put(ROOM).id;
    store.put(ROOM, 'bad');
    const after = [store.put(ROOM).id, store.put(ROOM).id];
    await turns();
    const masked = expect.stringContaining('INTERNAL_SERVER_ERROR');
    // Two of the messages come from the store and two from the log.
    slow.sink.capacity = Number.POSITIVE_INFINITY;
    slow.sink.drain();
    await turns();
    expect(slow.sink.received).toEqual([before, masked, ...after]);
    expect(subscription.sink.received).toEqual([before, masked, ...after]);
    expect(troubles.map(String)).toContain('Error: cannot');
    for (const each of [slow, subscription]) each.leave();
  });
});
