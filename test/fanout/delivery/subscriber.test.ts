import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHub, follow, ROOM, TestSink, turns } from '#test/fanout/fixture.js';
import { MemoryStore } from '#test/support/memory-store.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('a subscriber whose sink is full', () => {
  test('is written nothing until it drains, and then all at once', async () => {
    const { hub, store } = createHub();
    const viewer = await follow(hub, { from: 'now' }, { sink: new TestSink(1) });
    const sent: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      sent.push(store.put(ROOM).id);
      await turns(2);
    }
    expect(viewer.sink.received).toEqual(sent.slice(0, 1));
    viewer.sink.drain();
    expect(viewer.sink.received).toEqual(sent);
    expect(viewer.sink.writes).toBe(2);
    viewer.leave();
  });

  test('goes on from the store where the log has gone on without it', async () => {
    const { hub, store } = createHub({ logCapacity: 4, pageSize: 3 });
    const viewer = await follow(hub, { from: 'now' }, { sink: new TestSink(1) });
    const sent: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      sent.push(store.put(ROOM).id);
      await turns(2);
    }
    viewer.sink.room = Number.POSITIVE_INFINITY;
    viewer.sink.drain();
    await turns(20);
    expect(viewer.sink.received).toEqual(sent);
    expect(viewer.refusals).toEqual([]);
    viewer.leave();
  });

  test('is refused with what it has where the store has gone on without it, too', async () => {
    const { hub, store } = createHub({ store: new MemoryStore({ historyLimit: 4 }), logCapacity: 4 });
    const viewer = await follow(hub, { from: 'now' }, { sink: new TestSink(1) });
    const neighbour = await follow(hub, { from: 'now' });
    const sent: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      sent.push(store.put(ROOM).id);
      await turns(2);
    }
    viewer.sink.drain();
    await turns();
    expect(viewer.sink.received).toEqual(sent.slice(0, 1));
    expect(viewer.refusals).toMatchObject([{ code: 'CURSOR_EXPIRED' }]);
    expect(neighbour.sink.received).toEqual(sent);
    viewer.sink.drain();
    viewer.leave();
    neighbour.leave();
    expect(hub.size.rooms).toBe(0);
  });

  test('is not refused for what it has already where that is trimmed: what comes next counts', async () => {
    const { hub, store } = createHub({ store: new MemoryStore({ historyLimit: 4 }), logCapacity: 2 });
    const viewer = await follow(hub, { from: 'now' }, { sink: new TestSink(0) });
    const sent = [1, 2, 3, 4].map(() => store.put(ROOM).id);
    await turns();
    viewer.sink.room = Number.POSITIVE_INFINITY;
    viewer.sink.drain();
    await turns();
    expect(viewer.sink.received).toEqual(sent);
    viewer.leave();
  });
});

describe('a store that lost its data', () => {
  test('refuses who was in an empty room, too, though it begins at the beginning again', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const { hub, store } = createHub();
    const viewer = await follow(hub, { from: 'now' }, { sink: new TestSink(0) });
    store.put(ROOM);
    await turns();
    store.flush();
    vi.setSystemTime(Date.now() + 1);
    store.put(ROOM);
    await turns();
    viewer.sink.room = Number.POSITIVE_INFINITY;
    viewer.sink.drain();
    await turns();
    expect(viewer.sink.received).toEqual([]);
    expect(viewer.refusals).toMatchObject([{ code: 'CURSOR_EXPIRED' }]);
    viewer.leave();
  });

  test('refuses who stands in the log, who reads behind it, and who has its place and has not begun', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const { hub, store } = createHub({ logCapacity: 2 });
    const sent = [1, 2, 3, 4].map(() => store.put(ROOM).id);
    const live = await follow(hub, { from: 'now' });
    const behind = await follow(hub, { from: 'after', cursor: sent[0]! }, { sink: new TestSink(0) });
    const source = await hub.join(ROOM, { from: 'now' }, 'c');
    store.flush();
    vi.setSystemTime(Date.now() + 1);
    const fresh = store.put(ROOM);
    await turns();
    behind.sink.room = Number.POSITIVE_INFINITY;
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
    const again = await follow(hub, { from: 'last', count: 10 });
    expect(again.sink.received).toEqual([fresh.id]);
    for (const viewer of [live, behind, again]) viewer.leave();
    expect(hub.size.rooms).toBe(0);
  });
});
