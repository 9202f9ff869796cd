import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import { HeldFeed } from '#test/fanout/log/held-feed.js';
import { createHub, follow, idOf, ROOM, TestSink, turns } from './fixture.js';

const UNAVAILABLE = { code: 'SERVICE_UNAVAILABLE' };

describe('a room', () => {
  test('is opened by the first and closed by the last, whatever they select', async () => {
    const { hub, store } = createHub();
    const [one, two] = [
      await follow(hub, { from: 'now' }),
      await follow(hub, { from: 'now' }, { key: 'other' }),
    ];
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 1, projections: 2, feeds: 1 });
    one.leave();
    expect(hub.size).toEqual({ rooms: 1, projections: 1 });
    two.leave();
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 0, projections: 0, feeds: 0 });
  });

  test('that is being opened is opened once for all who come', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    const joins = [follow(hub, { from: 'now' }), follow(hub, { from: 'now' })];
    feed.letGo();
    const viewers = await Promise.all(joins);
    expect(feed.opened).toBe(1);
    for (const viewer of viewers) viewer.leave();
    await nextTurn();
    expect(feed.closed).toBe(1);
  });

  test('that is being closed is opened anew for who comes, and both are told apart', async () => {
    const feed = new HeldFeed();
    const { hub, store } = createHub({ feed });
    const leaving = follow(hub, { from: 'now' });
    feed.letGo();
    (await leaving).leave();
    const coming = follow(hub, { from: 'now' });
    feed.letGo();
    const viewer = await coming;
    const message = store.put(ROOM);
    for (const listener of feed.listeners) listener.onEntry(message);
    await turns();
    expect(viewer.sink.received).toEqual([message.id]);
    expect(hub.size.rooms).toBe(1);
    viewer.leave();
    await nextTurn();
    expect([feed.opened, feed.closed]).toEqual([2, 2]);
  });

  test('that cannot be opened refuses all who wait for it, leaves nothing, and is tried anew', async () => {
    const feed = new HeldFeed();
    const { hub, present } = createHub({ feed });
    feed.refusal = serviceUnavailable('refused');
    const joins = [follow(hub, { from: 'now' }), follow(hub, { from: 'last', count: 1 })];
    feed.letGo();
    for (const join of joins) await expect(join).rejects.toMatchObject(UNAVAILABLE);
    expect(hub.size).toEqual({ rooms: 0, projections: 0 });
    expect(present.get(ROOM)).toBeUndefined();
    feed.refusal = undefined;
    const again = follow(hub, { from: 'now' });
    feed.letGo();
    (await again).leave();
    expect(feed.opened).toBe(2);
  });

  test('counts a viewer as present for as long as it has its place', async () => {
    const { hub, present } = createHub();
    const viewers = [await follow(hub, { from: 'now' }), await follow(hub, { from: 'now' })];
    expect(present.get(ROOM)).toBe(2);
    await expect(follow(hub, { from: 'after', cursor: '5-5' })).rejects.toMatchObject({
      code: 'CURSOR_EXPIRED',
    });
    expect(present.get(ROOM)).toBe(2);
    for (const viewer of viewers) {
      viewer.leave();
      viewer.leave();
    }
    expect(present.get(ROOM)).toBe(0);
    expect(hub.size.rooms).toBe(0);
  });
});

describe('a room whose feed is refused for good', () => {
  test('refuses its viewers, once, and the next who comes opens it anew', async () => {
    const feed = new HeldFeed();
    const { hub, troubles } = createHub({ feed });
    const joining = follow(hub, { from: 'now' });
    feed.letGo();
    const viewer = await joining;
    feed.listeners[0]!.onFailed(new Error('no permission'));
    expect(viewer.refusals).toMatchObject([UNAVAILABLE]);
    expect(troubles.map(String)).toEqual(['Error: no permission']);
    expect(hub.size.rooms).toBe(0);
    const coming = follow(hub, { from: 'now' });
    feed.letGo();
    const next = await coming;
    // Who was refused gives its place back late: that is no matter to the new room.
    viewer.leave();
    expect(hub.size).toEqual({ rooms: 1, projections: 1 });
    next.leave();
    expect(hub.size.rooms).toBe(0);
  });

  test('has a room open from the first subscription that joins it to the last that leaves', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    expect(hub.isOpen(ROOM)).toBe(false);
    const coming = follow(hub, { from: 'now' });
    // While it is being opened, a crowd that comes then finds it open.
    expect(hub.isOpen(ROOM)).toBe(true);
    feed.letGo();
    const viewer = await coming;
    expect(hub.isOpen(ROOM)).toBe(true);
    viewer.leave();
    expect(hub.isOpen(ROOM)).toBe(false);
  });

  test('refuses a viewer that has its place and has not begun', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    const joining = hub.join(ROOM, { from: 'now' }, 'c');
    feed.letGo();
    const source = await joining;
    feed.listeners[0]!.onFailed(new Error('no permission'));
    const refusals: unknown[] = [];
    const owner = { refused: (reason: unknown) => void refusals.push(reason) };
    source.subscribe('ids', () => idOf, new TestSink(), owner).pump();
    expect(refusals).toMatchObject([UNAVAILABLE]);
    source.release();
    expect(hub.size).toEqual({ rooms: 0, projections: 0 });
  });
});

describe('a hub that is closed', () => {
  test('refuses its viewers, and takes nobody in', async () => {
    const { hub, store, present } = createHub();
    const viewer = await follow(hub, { from: 'now' });
    await hub.close();
    expect(viewer.refusals).toMatchObject([UNAVAILABLE]);
    await expect(hub.join(ROOM, { from: 'now' }, 'c')).rejects.toMatchObject(UNAVAILABLE);
    viewer.leave();
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 0, projections: 0, feeds: 0 });
    expect(present.get(ROOM)).toBe(0);
  });

  test('refuses who is about to come in', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    const joining = follow(hub, { from: 'now' });
    const closing = hub.close();
    feed.letGo();
    await expect(joining).rejects.toMatchObject(UNAVAILABLE);
    await closing;
    await nextTurn();
    expect([feed.opened, feed.closed]).toEqual([1, 1]);
  });
});
