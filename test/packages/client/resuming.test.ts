import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import {
  FOLLOW,
  networkTo,
  newRoom,
  numbered,
  plainClient,
  resumingOver,
  say,
  stored,
  told,
  Viewer,
} from './fixture.js';

const used = useServer({ ROOM_LOG_CAPACITY: 200, HEAD_CHECK_MS: 100 });

/** The network breaks after so many messages. The last few come after the last break. */
const CUT_EVERY = 8;

describe('over a network that breaks off again and again', () => {
  test.each([
    ['connects when it has to', {}],
    ['connects at once', { lazy: false }],
    ['tries again by itself', { retryAttempts: 1_000, shouldRetry: () => true, retryWait: () => sleep(10) }],
    [
      'tries again by itself, and gives up soon',
      { lazy: false, retryAttempts: 1, retryWait: () => sleep(10) },
    ],
  ])('a client that %s gives exactly what was sent', async (_what, options) => {
    const network = await networkTo(used.server);
    const { client, events } = resumingOver(plainClient(network, options));
    const room = newRoom();
    const viewers = [{}, { last: 20 }, { after: '0' }].map(
      (start) => new Viewer(client, { roomId: room, ...start }),
    );
    await told(events, 'live', viewers.length);

    const contents = numbered('message', 100);
    const haveAll = (count: number) => () => viewers.every(({ received }) => received.length >= count);
    let sent = 0;
    let cuts = 0;
    await say(used.server, room, contents, async () => {
      sent += 1;
      if (sent % CUT_EVERY !== 0) return;
      // In turn: while the client is connecting or catching up, and once everything has arrived.
      await until(() => network.open > 0, { what: 'a connection', interval: 1 });
      if (cuts % 2 === 1) await until(haveAll(sent), { what: 'what was sent before the cut' });
      network.cut();
      cuts += 1;
    });
    await until(haveAll(contents.length), { what: 'everything to arrive' });

    for (const viewer of viewers) expect(viewer.contents).toEqual(contents);
    // Each cut broke a connection, and the last messages needed another one.
    expect(cuts).toBe(12);
    expect(network.accepted).toBeGreaterThan(cuts);
  });

  test('a subscription that has seen no message yet loses none', async () => {
    const network = await networkTo(used.server);
    const { client, events } = resumingOver(plainClient(network));
    const [silent, busy] = [newRoom(), newRoom()];
    await say(used.server, busy, ['before']);
    const viewers = [
      new Viewer(client, { roomId: silent }),
      new Viewer(client, { roomId: silent, last: 1 }),
      new Viewer(client, { roomId: busy }),
    ];
    await told(events, 'live', 3);

    network.refuse();
    await told(events, 'reconnecting', 3);
    const contents = numbered('missed', 5);
    await say(used.server, silent, contents);
    await say(used.server, busy, contents);
    network.restore();
    await until(() => viewers.every(({ received }) => received.length >= 5), { what: 'what was missed' });
    for (const viewer of viewers) expect(viewer.contents).toEqual(contents);
  });

  test('a room whose messages have all grown old is live at once, and loses none afterwards', async () => {
    const network = await networkTo(used.server);
    const { client, events } = resumingOver(plainClient(network));
    const room = newRoom();
    await say(used.server, room, ['long ago', 'not quite as long ago']);
    // As it expires, together with its newest message.
    await used.redis.cli('DEL', `messages:${room}`);
    const viewers = [{}, { last: 20 }, { after: '0' }].map(
      (start) => new Viewer(client, { roomId: room, ...start }),
    );
    await told(events, 'live', viewers.length);

    network.refuse();
    await told(events, 'reconnecting', viewers.length);
    const contents = numbered('missed', 5);
    await say(used.server, room, contents);
    network.restore();
    await until(() => viewers.every(({ received }) => received.length >= 5), { what: 'what was missed' });
    for (const viewer of viewers) expect(viewer.contents).toEqual(contents);
    expect(events.filter(({ type }) => type === 'gap')).toEqual([]);
  });

  test('a connection that is lost without a word is noticed by its pings', async () => {
    const network = await networkTo(used.server);
    const { client, events } = resumingOver(plainClient(network, { keepAlive: 50 }), { pongTimeoutMs: 50 });
    const room = newRoom();
    const viewer = new Viewer(client, { roomId: room });
    await told(events, 'live');
    network.stall();
    await say(used.server, room, numbered('missed', 3));
    await told(events, 'live', 2);
    expect(viewer.contents).toEqual(numbered('missed', 3));
    expect(viewer.error).toBeUndefined();
  });
});

describe('what it tells', () => {
  test('connecting, live; reconnecting with the attempt, live with what was missed', async () => {
    const network = await networkTo(used.server);
    const { client, events } = resumingOver(plainClient(network));
    const room = newRoom();
    await say(used.server, room, numbered('old', 3));
    const viewer = new Viewer(client, { roomId: room, last: 2 });
    await told(events, 'live');
    expect(events).toMatchObject([{ type: 'connecting' }, { type: 'live', missed: 0, roomId: room }]);
    expect(viewer.contents).toEqual(['old 2', 'old 3']);

    network.refuse();
    await told(events, 'reconnecting', 3);
    await say(used.server, room, numbered('missed', 3));
    network.restore();
    await told(events, 'live', 2);
    const attempts = events.flatMap((event) => (event.type === 'reconnecting' ? [event.attempt] : []));
    expect(attempts).toEqual(attempts.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'live', missed: 3, payload: { query: FOLLOW } });
    expect(viewer.contents).toEqual(['old 2', 'old 3', ...numbered('missed', 3)]);
  });

  test('a gap, where what was missed is no longer kept; then it goes on with the newest', async () => {
    const network = await networkTo(used.server);
    const { client, events } = resumingOver(plainClient(network), { lastAfterGap: 4 });
    const room = newRoom();
    const viewer = new Viewer(client, { roomId: room });
    await told(events, 'live');
    const [seen] = await say(used.server, room, ['seen']);
    await until(() => viewer.received.length === 1, { what: 'the first message' });

    network.refuse();
    await say(used.server, room, numbered('missed', 10));
    // As if they had grown too old.
    await used.redis.cli('LTRIM', `messages:${room}`, '0', '5');
    network.restore();
    await told(events, 'live', 2);

    const gap = events.find(({ type }) => type === 'gap');
    expect(gap).toMatchObject({ after: seen });
    expect(viewer.contents).toEqual(['seen', ...numbered('missed', 10).slice(-4)]);
    await say(used.server, room, ['next']);
    await until(() => viewer.contents.at(-1) === 'next', { what: 'the next message' });
  });

  test('a gap, where the store lost what it held, and nothing that was seen comes again', async () => {
    const network = await networkTo(used.server);
    const { client, events } = resumingOver(plainClient(network));
    const room = newRoom();
    const viewer = new Viewer(client, { roomId: room });
    await told(events, 'live');
    await say(used.server, room, numbered('before', 3));
    await until(() => viewer.received.length === 3, { what: 'what came before' });
    // The newest one alone, as by a failover.
    await used.redis.cli('LPOP', `messages:${room}`);
    const kept = viewer.received[1]!.id;
    await used.redis.cli('HSET', `room:{messages:${room}}`, 'last', kept);
    await told(events, 'gap');
    await say(used.server, room, ['after']);
    await until(() => viewer.contents.includes('after'), { what: 'what came after' });
    expect(viewer.contents).toEqual([...numbered('before', 3), 'after']);
  });
});

describe('a consumer that is slow', () => {
  test('leaves the room while results wait, and gets everything all the same', async () => {
    const network = await networkTo(used.server);
    const { client } = resumingOver(plainClient(network));
    const room = newRoom();
    const senders = numbered('sender', 12);
    await Promise.all(senders.map((name) => say(used.server, room, numbered(name, 100))));
    const contents = (await stored(used.redis, room)).map(({ content }) => content);
    expect(contents).toHaveLength(1_200);

    const results = client.iterate<{ messageAdded: { content: string } }>({
      query: FOLLOW,
      variables: { roomId: room, after: '0' },
    });
    const received: string[] = [];
    for await (const { data } of results) {
      received.push(data!.messageAdded.content);
      if (received.length === 1) await until(() => network.open === 0, { what: 'it to leave' });
      if (received.length === contents.length) break;
    }
    expect(received).toEqual(contents);
    expect(network.accepted).toBeGreaterThan(1);
    await until(() => network.open === 0, { what: 'it to leave for good' });
  });
});
