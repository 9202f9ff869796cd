import { describe, expect, test } from 'vitest';
import { createHub, follow, idOf, type Render, ROOM, TestSink, turns } from '#test/fanout/fixture.js';
import { Slow } from './slow-render.js';

describe('a projection that nobody receives from any more', () => {
  test('renders nothing, however busy the room is', async () => {
    const { hub, store } = createHub();
    const keeper = await follow(hub, { from: 'now' });
    const slow = new Slow();
    const viewer = await follow(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    store.put(ROOM);
    await turns();
    expect(slow.rendered).toHaveLength(1);
    store.put(ROOM);
    viewer.leave();
    for (let round = 0; round < 5; round += 1) {
      store.put(ROOM);
      await slow.finish();
    }
    expect(slow.rendered).toHaveLength(1);
    expect(hub.size.projections).toBe(1);
    keeper.leave();
  });

  test('is another one than that of who comes after', async () => {
    const { hub, store } = createHub();
    const keeper = await follow(hub, { from: 'now' });
    const slow = new Slow();
    const gone = await follow(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    store.put(ROOM);
    await turns();
    gone.leave();
    const viewer = await follow(hub, { from: 'now' }, { key: 'slow', render: idOf });
    await slow.finish();
    const { id } = store.put(ROOM);
    await turns();
    expect([gone.sink.received, viewer.sink.received]).toEqual([[], [id]]);
    expect(hub.size.projections).toBe(2);
    for (const each of [keeper, viewer]) each.leave();
  });
});

describe('a message whose rendering fails', () => {
  test.each<[string, Render]>([
    [
      'at once',
      (message) => {
        if (message.content === 'bad') throw new Error('cannot');
        return Buffer.from(message.id);
      },
    ],
    [
      'later',
      async (message) => {
        if (message.content === 'bad') throw new Error('cannot');
        return Buffer.from(message.id);
      },
    ],
  ])('%s is delivered as an error, and does not stop those behind it', async (_when, render) => {
    const { hub, store, troubles } = createHub({ logCapacity: 2 });
    const slow = await follow(hub, { from: 'now' }, { key: 'bad', render, sink: new TestSink(0) });
    const viewer = await follow(hub, { from: 'now' }, { key: 'bad', render });
    const before = store.put(ROOM).id;
    store.put(ROOM, 'bad');
    const after = [store.put(ROOM).id, store.put(ROOM).id];
    await turns();
    const masked = expect.stringContaining('INTERNAL_SERVER_ERROR');
    // Two of them come by the store, two by the log.
    slow.sink.room = Number.POSITIVE_INFINITY;
    slow.sink.drain();
    await turns();
    expect(slow.sink.received).toEqual([before, masked, ...after]);
    expect(viewer.sink.received).toEqual([before, masked, ...after]);
    expect(troubles.map(String)).toContain('Error: cannot');
    for (const each of [slow, viewer]) each.leave();
  });
});
