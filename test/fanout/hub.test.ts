import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import { HeldFeed } from '#test/fanout/log/held-feed.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, idOf, ROOM, subscribe, TestSink, turns } from './fixture.js';

const UNAVAILABLE = { code: 'SERVICE_UNAVAILABLE' };

describe('a room', () => {
  test('opens with the first subscription and closes with the last, whatever they select', async () => {
    const { hub, store } = createHub();
    const [one, two] = [
      await subscribe(hub, { from: 'now' }),
      await subscribe(hub, { from: 'now' }, { key: 'other' }),
    ];
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 1, projections: 2, feeds: 1 });
    one.leave();
    expect(hub.size).toEqual({ rooms: 1, projections: 1 });
    two.leave();
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 0, projections: 0, feeds: 0 });
  });

  test('opens once for concurrent subscriptions', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    const joins = [subscribe(hub, { from: 'now' }), subscribe(hub, { from: 'now' })];
    feed.release();
    const subscriptions = await Promise.all(joins);
    expect(feed.opened).toBe(1);
    for (const subscription of subscriptions) subscription.leave();
    await nextTurn();
    expect(feed.closed).toBe(1);
  });

  test('opens again while it is still closing, and delivers once', async () => {
    const feed = new HeldFeed();
    const { hub, store } = createHub({ feed });
    const leaving = subscribe(hub, { from: 'now' });
    feed.release();
    (await leaving).leave();
    const coming = subscribe(hub, { from: 'now' });
    feed.release();
    const subscription = await coming;
    const message = store.put(ROOM);
    for (const listener of feed.listeners) listener.onEntry(message);
    await turns();
    expect(subscription.sink.received).toEqual([message.id]);
    expect(hub.size.rooms).toBe(1);
    subscription.leave();
    await nextTurn();
    expect([feed.opened, feed.closed]).toEqual([2, 2]);
  });

  test('rejects all waiting subscriptions if it cannot be opened, and opens on the next try', async () => {
    const feed = new HeldFeed();
    const { hub, present } = createHub({ feed });
    feed.refusal = serviceUnavailable('refused');
    const joins = [subscribe(hub, { from: 'now' }), subscribe(hub, { from: 'last', count: 1 })];
    feed.release();
    for (const join of joins) await expect(join).rejects.toMatchObject(UNAVAILABLE);
    expect(hub.size).toEqual({ rooms: 0, projections: 0 });
    expect(present.get(ROOM)).toBeUndefined();
    feed.refusal = undefined;
    const again = subscribe(hub, { from: 'now' });
    feed.release();
    (await again).leave();
    expect(feed.opened).toBe(2);
  });

  test('knows its head while it is live, and not before its epoch is known or while it catches up', async () => {
    let now = 1_000;
    const store = new MemoryStore({ now: () => now });
    const { hub } = createHub({ store });
    expect(hub.knownHead(ROOM)).toBeUndefined();
    const { leave } = await subscribe(hub, { from: 'now' });
    // The room never had a message.
    expect(hub.knownHead(ROOM)).toBeUndefined();
    const first = store.put(ROOM);
    await turns();
    await hub.checkHeads();
    const [head] = await store.heads([ROOM]);
    expect(hub.knownHead(ROOM)).toMatchObject({ epoch: head!.epoch, head: first.id });
    const second = store.put(ROOM);
    await turns();
    expect(hub.knownHead(ROOM)).toMatchObject({ head: second.id });
    store.flush();
    now += 1;
    store.put(ROOM);
    // It does not follow the head, so the log reads the store.
    expect(hub.knownHead(ROOM)).toBeUndefined();
    leave();
    expect(hub.knownHead(ROOM)).toBeUndefined();
  });

  test('is reported as open from its first subscription to its last', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    expect(hub.isOpen(ROOM)).toBe(false);
    const coming = subscribe(hub, { from: 'now' });
    // It already counts as open while it is opening.
    expect(hub.isOpen(ROOM)).toBe(true);
    feed.release();
    const subscription = await coming;
    expect(hub.isOpen(ROOM)).toBe(true);
    subscription.leave();
    expect(hub.isOpen(ROOM)).toBe(false);
  });

  test('counts a subscription as present until its source is released', async () => {
    const { hub, present } = createHub();
    const subscriptions = [await subscribe(hub, { from: 'now' }), await subscribe(hub, { from: 'now' })];
    expect(present.get(ROOM)).toBe(2);
    await expect(subscribe(hub, { from: 'after', cursor: '5-5' })).rejects.toMatchObject({
      code: 'CURSOR_EXPIRED',
    });
    expect(present.get(ROOM)).toBe(2);
    for (const subscription of subscriptions) {
      subscription.leave();
      subscription.leave();
    }
    expect(present.get(ROOM)).toBe(0);
    expect(hub.size.rooms).toBe(0);
  });
});

describe('a room whose feed failed permanently', () => {
  test('ends its subscriptions once, and opens again for the next one', async () => {
    const feed = new HeldFeed();
    const { hub, troubles } = createHub({ feed });
    const joining = subscribe(hub, { from: 'now' });
    feed.release();
    const subscription = await joining;
    feed.listeners[0]!.onFailed(new Error('no permission'));
    expect(subscription.refusals).toMatchObject([UNAVAILABLE]);
    expect(troubles.map(String)).toEqual(['Error: no permission']);
    expect(hub.size.rooms).toBe(0);
    const coming = subscribe(hub, { from: 'now' });
    feed.release();
    const next = await coming;
    // Releasing a source of the failed room late does not affect the new room.
    subscription.leave();
    expect(hub.size).toEqual({ rooms: 1, projections: 1 });
    next.leave();
    expect(hub.size.rooms).toBe(0);
  });

  test('refuses a source that has not started delivery', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    const joining = hub.join(ROOM, { from: 'now' }, 'c');
    feed.release();
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

describe('a closed hub', () => {
  test('ends its subscriptions and refuses new ones', async () => {
    const { hub, store, present } = createHub();
    const subscription = await subscribe(hub, { from: 'now' });
    await hub.close();
    expect(subscription.refusals).toMatchObject([UNAVAILABLE]);
    await expect(hub.join(ROOM, { from: 'now' }, 'c')).rejects.toMatchObject(UNAVAILABLE);
    subscription.leave();
    expect({ ...hub.size, feeds: store.openRooms }).toEqual({ rooms: 0, projections: 0, feeds: 0 });
    expect(present.get(ROOM)).toBe(0);
  });

  test('refuses a subscription that was still joining', async () => {
    const feed = new HeldFeed();
    const { hub } = createHub({ feed });
    const joining = subscribe(hub, { from: 'now' });
    const closing = hub.close();
    feed.release();
    await expect(joining).rejects.toMatchObject(UNAVAILABLE);
    await closing;
    await nextTurn();
    expect([feed.opened, feed.closed]).toEqual([1, 1]);
  });
});
