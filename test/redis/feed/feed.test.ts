import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '#domain/entry.js';
import type { FeedListener } from '#domain/ports/feed.js';

import { channelsOf } from '#redis/client/one-server.js';
import { createFeed, type RedisFeed } from '#redis/feed/feed.js';
import { createPubSub } from '#redis/feed/pubsub.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture, type TestNode } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

let redis: Fixture;
let node: TestNode;
let feed: RedisFeed;
let log: ReturnType<typeof createEventLog>;
let rejections: unknown[];
const onRejection = (reason: unknown) => rejections.push(reason);

beforeEach(async () => {
  rejections = [];
  process.on('unhandledRejection', onRejection);
  redis = await startFixture();
  node = await redis.connect({ commandTimeoutMs: 500 });
  log = redis.use(createEventLog({ servers: node.servers, historyLimit: 100, ttlSeconds: 60 }));
  feed = redis.use(
    createFeed({ channels: channelsOf(node.subscriber), decode: decodeEntry, hooks: redis.hooks }),
  );
});
afterEach(async () => {
  await redis.close();
  process.off('unhandledRejection', onRejection);
  expect(rejections).toEqual([]);
});

function listen() {
  const heard = { messages: [] as Entry[], resumed: 0, failed: [] as Error[] };
  const listener: FeedListener = {
    onEntry: (entry) => void heard.messages.push(entry),
    onResumed: () => {
      heard.resumed += 1;
    },
    onFailed: (error) => void heard.failed.push(error),
  };
  return { ...heard, heard, listener };
}

const channels = () => redis.server.cli('pubsub', 'channels', 'messages:*');

/** The channels that ioredis considers subscribed. */
function clientChannels(): string[] {
  const { condition } = node.subscriber as unknown as {
    condition?: { subscriber: false | { channels(of: 'subscribe'): string[] } };
  };
  return condition?.subscriber ? condition.subscriber.channels('subscribe') : [];
}

const eventLog = () => log;

test('listeners of a room share one subscription until the last one closes', async () => {
  const [a, b] = [listen(), listen()];
  const opened = await Promise.all([feed.open('room1', a.listener), feed.open('room1', b.listener)]);
  expect(await redis.server.cli('pubsub', 'numsub', 'messages:room1')).toBe('messages:room1\n1');
  const first = await eventLog().append(draft('a'));
  await until(() => b.heard.messages.length === 1, { what: 'the message' });
  await opened[0].close();
  const second = await eventLog().append(draft('b'));
  await until(() => b.heard.messages.length === 2, { what: 'the second message' });
  expect(a.heard.messages).toEqual([first]);
  expect(b.heard.messages).toEqual([first, second]);
  await opened[1].close();
  await opened[1].close();
  expect(await channels()).toBe('');
  expect(feed.openRooms).toBe(0);
});

test('malformed entries are reported and not delivered', async () => {
  const a = listen();
  await feed.open('room1', a.listener);
  for (const text of ['x', '{}', 'null', '']) await node.commands.publish('messages:room1', text);
  const sent = await eventLog().append(draft('a'));
  await until(() => a.heard.messages.length > 0, { what: 'the message' });
  expect(a.heard.messages).toEqual([sent]);
  expect(redis.reported).toEqual(Array(4).fill('onMalformed channel room1'));
});

test('a listener that throws does not affect others', async () => {
  const [a, b] = [listen(), listen()];
  const fail = () => {
    throw new Error('a fault');
  };
  await feed.open('room1', { ...a.listener, onEntry: fail });
  await feed.open('room1', b.listener);
  await eventLog().append(draft('a'));
  await until(() => b.heard.messages.length === 1, { what: 'the message' });
  expect(redis.reported).toEqual(['onError feed listener Error: a fault']);
});

test('no subscription is left after opening and closing a thousand rooms in any order', async () => {
  const { listener } = listen();
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      const opened = await feed.open(`room${index % 100}`, listener);
      if (index % 3 === 0) await new Promise(setImmediate);
      await opened.close();
    }),
  );
  expect(feed.openRooms).toBe(0);
  expect(await channels()).toBe('');
  expect(clientChannels()).toEqual([]);
});

test('a room that is closed and immediately opened again is open', async () => {
  for (let round = 0; round < 20; round += 1) {
    const [a, b] = [listen(), listen()];
    const opened = await feed.open('room1', a.listener);
    const closing = opened.close();
    const again = await feed.open('room1', b.listener);
    await closing;
    const sent = await eventLog().append(draft(String(round)));
    await until(() => b.heard.messages.length === 1, { what: 'the message' });
    expect(b.heard.messages).toEqual([sent]);
    expect(a.heard.messages).toEqual([]);
    await again.close();
  }
});

describe('a refusal', () => {
  test('is thrown, leaves nothing behind, and ends once access is granted', async () => {
    await redis.server.cli('acl', 'setuser', redis.server.tester, 'resetchannels', '&messages:open');
    const a = listen();
    for (let round = 0; round < 3; round += 1) {
      const both = [feed.open('room1', a.listener), feed.open('room1', a.listener)];
      for (const result of await Promise.allSettled(both)) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE' } });
      }
    }
    expect(feed.openRooms).toBe(0);
    expect(clientChannels()).toEqual([]);
    await feed.open('open', a.listener);

    await redis.server.cli('acl', 'setuser', redis.server.tester, 'allchannels');
    await feed.open('room1', a.listener);
    const sent = await eventLog().append(draft('a'));
    await until(() => a.heard.messages.length === 1, { what: 'the message' });
    expect(a.heard.messages).toEqual([sent]);
  });

  test('leaves nothing behind in the library', async () => {
    await redis.server.cli('acl', 'setuser', redis.server.tester, 'resetchannels');
    const pubsub = createPubSub(channelsOf(node.subscriber), (text) => text, redis.hooks);
    const held = pubsub.engine as unknown as {
      subscriptionMap: object;
      subsRefsMap: Map<string, unknown>;
      subsPendingRefsMap: Map<string, unknown>;
    };
    await expect(pubsub.subscribe('messages:a', () => undefined)).rejects.toThrow(/NOPERM/);
    await redis.server.cli('acl', 'setuser', redis.server.tester, 'allchannels');
    const id = await pubsub.subscribe('messages:a', () => undefined);
    expect(held.subsRefsMap.size).toBe(1);
    await pubsub.unsubscribe(id, 'messages:a');
    expect(held.subscriptionMap).toEqual({});
    expect(held.subsRefsMap.size + held.subsPendingRefsMap.size).toBe(0);
    pubsub.close();
    expect(node.subscriber.listenerCount('message')).toBe(1);
  });

  test('comes within the time limit if Redis hangs, and immediately if it is down', async () => {
    const { listener } = listen();
    redis.server.hang();
    const refused = { code: 'SERVICE_UNAVAILABLE' };
    const started = performance.now();
    await expect(feed.open('room1', listener)).rejects.toMatchObject(refused);
    expect(performance.now() - started).toBeLessThan(900);
    redis.server.resume();
    await until(() => node.subscriber.ping(), { what: 'the connection to come back' });
    expect(await channels()).toBe('');

    await redis.server.kill();
    await until(() => node.subscriber.status !== 'ready', { what: 'the connection to be lost' });
    await expect(feed.open('room1', listener)).rejects.toMatchObject(refused);
    expect(feed.openRooms).toBe(0);
  });
});

describe('after an outage', () => {
  test('all rooms are resumed and their listeners notified', async () => {
    const rooms = ['a', 'b', 'c'].map((roomId) => ({ roomId, ...listen() }));
    for (const { roomId, listener } of rooms) await feed.open(roomId, listener);
    await redis.server.restart();
    await until(() => rooms.every(({ heard }) => heard.resumed === 1), { what: 'all rooms to be resumed' });
    await until(() => node.commands.ping(), { what: 'the connection to come back' });
    for (const { roomId } of rooms) await eventLog().append(draft('x', { roomId }));
    await until(() => rooms.every(({ heard }) => heard.messages.length === 1), { what: 'all messages' });
  });

  test('a room that is refused fails without affecting others', async () => {
    const [a, b] = [listen(), listen()];
    const opened = await feed.open('a', a.listener);
    await feed.open('b', b.listener);
    // Redis disconnects a client that loses access to a channel it is subscribed to.
    await redis.server.cli('acl', 'setuser', redis.server.tester, 'resetchannels', '&messages:b');
    await until(() => b.heard.resumed === 1 && a.heard.failed.length === 1, {
      what: 'one end and one resumption',
    });
    expect(a.heard.failed[0]).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(a.heard.resumed + b.heard.failed.length).toBe(0);
    expect(feed.openRooms).toBe(1);
    expect(await channels()).toBe('messages:b');
    await opened.close();
    await redis.server.cli('acl', 'setuser', redis.server.tester, 'allchannels');
    await feed.open('a', a.listener);
  });

  test('a room that was closed during the outage is not resumed', async () => {
    const [a, b] = [listen(), listen()];
    const opened = await feed.open('a', a.listener);
    await feed.open('b', b.listener);
    await redis.server.kill();
    await until(() => node.subscriber.status !== 'ready', { what: 'the connection to be lost' });
    await opened.close();
    await redis.server.restart();
    await until(() => b.heard.resumed === 1, { what: 'the other room to be resumed' });
    expect(await channels()).toBe('messages:b');
    expect(a.heard.resumed).toBe(0);
    expect(clientChannels()).toEqual(['messages:b']);
  });

  test('a listener that was refused during the outage is not notified afterwards', async () => {
    const [a, b] = [listen(), listen()];
    await feed.open('a', a.listener);
    await redis.server.kill();
    await until(() => node.subscriber.status !== 'ready', { what: 'the connection to be lost' });
    await expect(feed.open('a', b.listener)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await redis.server.restart();
    await until(() => a.heard.resumed === 1, { what: 'the room to be resumed' });
    expect(b.heard).toEqual({ messages: [], resumed: 0, failed: [] });
    await feed.open('a', b.listener);
    await until(() => node.commands.ping(), { what: 'the connection to come back' });
    await eventLog().append(draft('x', { roomId: 'a' }));
    await until(() => a.heard.messages.length + b.heard.messages.length === 2, {
      what: 'the message, twice',
    });
  });

  test('a room opened while it is being resumed waits for the subscription', async () => {
    const [a, b] = [listen(), listen()];
    const opened = await feed.open('a', a.listener);
    await redis.server.kill();
    const late = new Promise<void>((resolve, reject) => {
      node.subscriber.once('ready', () => {
        feed.open('a', b.listener).then(async () => {
          expect(await channels()).toBe('messages:a');
          await opened.close();
          resolve();
        }, reject);
      });
    });
    await redis.server.restart();
    await late;
    expect(a.heard.resumed).toBe(1);
    expect(b.heard.resumed).toBe(0);
    expect(await channels()).toBe('messages:a');
  });

  test('a room can be closed while Redis hangs, and its subscription ends afterwards', async () => {
    const { listener } = listen();
    const opened = await feed.open('a', listener);
    redis.server.hang();
    await opened.close();
    redis.server.resume();
    await until(() => node.subscriber.ping(), { what: 'the connection to come back' });
    await until(async () => (await channels()) === '', { what: 'the subscription to be gone' });
    expect(feed.openRooms).toBe(0);
  });
});

test('a closed feed refuses to open rooms and keeps no subscription', async () => {
  const { listener } = listen();
  await feed.open('a', listener);
  const pending = Promise.allSettled([feed.open('b', listener), feed.open('b', listener)]);
  await feed.close();
  await feed.close();
  for (const result of await pending) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE' } });
  }
  await expect(feed.open('c', listener)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(await channels()).toBe('');
  expect(node.subscriber.listenerCount('message')).toBe(0);
});
