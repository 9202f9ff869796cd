import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import {
  FOLLOW,
  newRoom,
  numbered,
  plainClient,
  Recorder,
  resumingOver,
  sendAll,
  startProxy,
  stored,
  waitForEvent,
} from './fixture.js';

const used = useServer({ ROOM_LOG_CAPACITY: 200, HEAD_CHECK_MS: 100 });

/** After how many messages the connections are cut. The last few messages come after the last cut. */
const CUT_EVERY = 8;

describe('when the connection is lost again and again', () => {
  test.each([
    ['connects on demand', {}],
    ['connects at once', { lazy: false }],
    ['retries on its own', { retryAttempts: 1_000, shouldRetry: () => true, retryWait: () => sleep(10) }],
    ['retries on its own and soon gives up', { lazy: false, retryAttempts: 1, retryWait: () => sleep(10) }],
  ])('a client that %s delivers exactly what was sent', async (_what, options) => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy, options));
    const room = newRoom();
    const recorders = [{}, { last: 20 }, { after: '0' }].map(
      (start) => new Recorder(client, { roomId: room, ...start }),
    );
    await waitForEvent(events, 'live', recorders.length);

    const contents = numbered('message', 100);
    const haveAll = (count: number) => () => recorders.every(({ received }) => received.length >= count);
    let sent = 0;
    let cuts = 0;
    await sendAll(used.server, room, contents, async () => {
      sent += 1;
      if (sent % CUT_EVERY !== 0) return;
      // Alternate between cutting while the client connects or catches up, and after everything has arrived.
      await until(() => proxy.open > 0, { what: 'a connection', interval: 1 });
      if (cuts % 2 === 1) await until(haveAll(sent), { what: 'the messages before the cut' });
      proxy.cut();
      cuts += 1;
    });
    await until(haveAll(contents.length), { what: 'all messages to arrive' });

    for (const recorder of recorders) expect(recorder.contents).toEqual(contents);
    // Each cut broke a connection, and the last messages arrived over yet another one.
    expect(cuts).toBe(12);
    expect(proxy.accepted).toBeGreaterThan(cuts);
  });

  test('a subscription that has not received a message yet misses none', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy));
    const [silent, busy] = [newRoom(), newRoom()];
    await sendAll(used.server, busy, ['before']);
    const recorders = [
      new Recorder(client, { roomId: silent }),
      new Recorder(client, { roomId: silent, last: 1 }),
      new Recorder(client, { roomId: busy }),
    ];
    await waitForEvent(events, 'live', 3);

    proxy.refuse();
    await waitForEvent(events, 'reconnecting', 3);
    const contents = numbered('missed', 5);
    await sendAll(used.server, silent, contents);
    await sendAll(used.server, busy, contents);
    proxy.restore();
    await until(() => recorders.every(({ received }) => received.length >= 5), {
      what: 'the missed messages',
    });
    for (const recorder of recorders) expect(recorder.contents).toEqual(contents);
  });

  test('a room whose messages have all expired is live at once, and misses no later ones', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy));
    const room = newRoom();
    await sendAll(used.server, room, ['long ago', 'not quite as long ago']);
    // The same as when the list expires.
    await used.redis.cli('DEL', `messages:${room}`);
    const recorders = [{}, { last: 20 }, { after: '0' }].map(
      (start) => new Recorder(client, { roomId: room, ...start }),
    );
    await waitForEvent(events, 'live', recorders.length);

    proxy.refuse();
    await waitForEvent(events, 'reconnecting', recorders.length);
    const contents = numbered('missed', 5);
    await sendAll(used.server, room, contents);
    proxy.restore();
    await until(() => recorders.every(({ received }) => received.length >= 5), {
      what: 'the missed messages',
    });
    for (const recorder of recorders) expect(recorder.contents).toEqual(contents);
    expect(events.filter(({ type }) => type === 'gap')).toEqual([]);
  });

  test('pings detect a connection that is silently dead', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy, { keepAlive: 50 }), { pongTimeoutMs: 50 });
    const room = newRoom();
    const recorder = new Recorder(client, { roomId: room });
    await waitForEvent(events, 'live');
    proxy.stall();
    await sendAll(used.server, room, numbered('missed', 3));
    await waitForEvent(events, 'live', 2);
    expect(recorder.contents).toEqual(numbered('missed', 3));
    expect(recorder.error).toBeUndefined();
  });
});

describe('emits', () => {
  test('connecting and live, then reconnecting with the attempt and live with the number of missed messages', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy));
    const room = newRoom();
    await sendAll(used.server, room, numbered('old', 3));
    const recorder = new Recorder(client, { roomId: room, last: 2 });
    await waitForEvent(events, 'live');
    expect(events).toMatchObject([{ type: 'connecting' }, { type: 'live', missed: 0, roomId: room }]);
    expect(recorder.contents).toEqual(['old 2', 'old 3']);

    proxy.refuse();
    await waitForEvent(events, 'reconnecting', 3);
    await sendAll(used.server, room, numbered('missed', 3));
    proxy.restore();
    await waitForEvent(events, 'live', 2);
    const attempts = events.flatMap((event) => (event.type === 'reconnecting' ? [event.attempt] : []));
    expect(attempts).toEqual(attempts.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'live', missed: 3, payload: { query: FOLLOW } });
    expect(recorder.contents).toEqual(['old 2', 'old 3', ...numbered('missed', 3)]);
  });

  test('gap if the missed messages have expired, and continues with the newest', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy), { lastAfterGap: 4 });
    const room = newRoom();
    const recorder = new Recorder(client, { roomId: room });
    await waitForEvent(events, 'live');
    const [seen] = await sendAll(used.server, room, ['seen']);
    await until(() => recorder.received.length === 1, { what: 'the first message' });

    proxy.refuse();
    await sendAll(used.server, room, numbered('missed', 10));
    // The same as when the oldest ones expire.
    await used.redis.cli('LTRIM', `messages:${room}`, '0', '5');
    proxy.restore();
    await waitForEvent(events, 'live', 2);

    const gap = events.find(({ type }) => type === 'gap');
    expect(gap).toMatchObject({ after: seen });
    expect(recorder.contents).toEqual(['seen', ...numbered('missed', 10).slice(-4)]);
    await sendAll(used.server, room, ['next']);
    await until(() => recorder.contents.at(-1) === 'next', { what: 'the next message' });
  });

  test('gap if Redis lost messages, and delivers nothing twice', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy));
    const room = newRoom();
    const recorder = new Recorder(client, { roomId: room });
    await waitForEvent(events, 'live');
    await sendAll(used.server, room, numbered('before', 3));
    await until(() => recorder.received.length === 3, { what: 'the first messages' });
    // Only the newest one is lost, as in a failover.
    await used.redis.cli('LPOP', `messages:${room}`);
    const kept = recorder.received[1]!.id;
    await used.redis.cli('HSET', `room:{messages:${room}}`, 'last', kept);
    await waitForEvent(events, 'gap');
    await sendAll(used.server, room, ['after']);
    await until(() => recorder.contents.includes('after'), { what: 'the message after the loss' });
    expect(recorder.contents).toEqual([...numbered('before', 3), 'after']);
  });
});

describe('a slow consumer', () => {
  test('is unsubscribed while results wait, and still receives everything', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const room = newRoom();
    const senders = numbered('sender', 12);
    await Promise.all(senders.map((name) => sendAll(used.server, room, numbered(name, 100))));
    const contents = (await stored(used.redis, room)).map(({ content }) => content);
    expect(contents).toHaveLength(1_200);

    const results = client.iterate<{ messageAdded: { content: string } }>({
      query: FOLLOW,
      variables: { roomId: room, after: '0' },
    });
    const received: string[] = [];
    for await (const { data } of results) {
      received.push(data!.messageAdded.content);
      if (received.length === 1) await until(() => proxy.open === 0, { what: 'the subscription to pause' });
      if (received.length === contents.length) break;
    }
    expect(received).toEqual(contents);
    expect(proxy.accepted).toBeGreaterThan(1);
    await until(() => proxy.open === 0, { what: 'the connection to close' });
  });
});
