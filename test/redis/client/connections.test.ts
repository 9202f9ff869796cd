import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '#dev/redis-process.js';
import { createCache } from '#redis/cache/cache.js';
import { connectRedis } from '#redis/client/connections.js';
import { createDirectory } from '#redis/presence/directory.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture } from '#test/redis/fixture.js';
import { startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';

describe('while Redis is down', () => {
  test('connects without throwing or waiting, reports the outage once, and succeeds when Redis starts', async () => {
    const port = await freePort();
    const reported: string[] = [];
    const connections = connectRedis({
      url: `redis://127.0.0.1:${port}`,
      hooks: { onError: (where, error) => reported.push(`${where} ${(error as { code?: string }).code}`) },
    });
    expect(await connections.ready(300)).toBe(false);
    expect(reported.sort()).toEqual(['commands ECONNREFUSED', 'subscriber ECONNREFUSED']);
    await expect(connections.commands.ping()).rejects.toThrow();
    const server = await startRedis({ port, plain: true });
    try {
      expect(await connections.ready(5_000)).toBe(true);
      expect(await connections.commands.ping()).toBe('PONG');
    } finally {
      await connections.close();
      await server.close();
    }
  });

  test('can be closed twice at any time', async () => {
    for (const waitMs of [0, 50]) {
      const connections = connectRedis({ url: `redis://127.0.0.1:${await freePort()}` });
      await connections.ready(waitMs);
      await connections.close();
      await connections.close();
      expect(connections.commands.listenerCount('end')).toBe(0);
    }
  });
});

describe('connections to Redis', () => {
  let redis: Fixture;
  beforeEach(async () => {
    redis = await startFixture();
  });
  afterEach(() => redis.close());

  test('fail commands within the time limit while Redis hangs, and recover when it resumes', async () => {
    const { commands, servers } = await redis.connect({ commandTimeoutMs: 300 });
    const eventLog = createEventLog({ servers, historyLimit: 10, ttlSeconds: 60 });
    const directory = createDirectory({
      servers,
      cache: redis.use(createCache({ servers })),
      maxRooms: 500,
    });
    await eventLog.append(draft('before'));
    redis.server.hang();
    const started = performance.now();
    const refused = { code: 'SERVICE_UNAVAILABLE' };
    await Promise.all([
      expect(eventLog.append(draft('a'))).rejects.toMatchObject(refused),
      expect(eventLog.messages('room1', { take: { last: 5 } })).rejects.toMatchObject(refused),
      expect(eventLog.lastMessages(['room1'])).rejects.toMatchObject(refused),
      expect(directory.connectionCounts(['room1'])).rejects.toMatchObject(refused),
      // Commands that wait behind an unanswered pipeline.
      new Promise(setImmediate).then(() =>
        expect(eventLog.append(draft('b'))).rejects.toMatchObject(refused),
      ),
    ]);
    expect(performance.now() - started).toBeLessThan(900);
    redis.server.resume();
    await until(() => commands.ping(), { what: 'the connection to come back' });
    await eventLog.append(draft('after'));
  });

  test('do not execute a send later that failed immediately', async () => {
    const { commands, servers } = await redis.connect();
    const eventLog = createEventLog({ servers, historyLimit: 10, ttlSeconds: 60 });
    await eventLog.append(draft('before'));
    await redis.server.kill();
    await until(() => commands.status !== 'ready', { what: 'the connection to be lost' });
    const started = performance.now();
    const failed = await eventLog.append(draft('ghost')).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: expect.any(Error) });
    // Immediately, not after the command timeout of two seconds.
    expect(performance.now() - started).toBeLessThan(1_500);
    await redis.server.restart();
    await until(() => commands.ping(), { what: 'the connection to come back' });
    await eventLog.append(draft('after'));
    const { messages } = await eventLog.messages('room1', { take: { last: 10 } });
    expect(messages.map((message) => message.content)).toEqual(['after']);
  });

  test('do not resend a command that was in flight when the connection was lost', async () => {
    const { commands, servers } = await redis.connect();
    const eventLog = createEventLog({ servers, historyLimit: 100, ttlSeconds: 60 });
    await eventLog.append(draft('before'));
    const sends = Array.from({ length: 20 }, (_, index) => eventLog.append(draft(String(index))));
    const settled = Promise.allSettled(sends);
    await new Promise(setImmediate);
    await redis.server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    const outcomes = await settled;
    await until(() => commands.ping(), { what: 'the connection to come back' });
    const { messages } = await eventLog.messages('room1', { take: { last: 100 } });
    expect(new Set(messages.map((message) => message.content)).size).toBe(messages.length);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    }
  });

  test('reconnect a subscriber whose connection died silently', async () => {
    const { subscriber } = await redis.connect({ commandTimeoutMs: 200, subscriberPingMs: 50 });
    await subscriber.subscribe('messages:room1');
    redis.server.hang();
    await until(() => subscriber.status !== 'ready', { what: 'the dead connection to be noticed' });
    redis.server.resume();
    await until(() => subscriber.status === 'ready', { what: 'a new connection' });
  });

  test('close without waiting for a Redis that hangs', async () => {
    const connections = await redis.connect({ commandTimeoutMs: 300 });
    redis.server.hang();
    const started = performance.now();
    await connections.close();
    expect(performance.now() - started).toBeLessThan(1_200);
    expect(connections.commands.status).toBe('end');
    expect(connections.subscriber.status).toBe('end');
  });

  test('send all commands of one event-loop turn in one round trip', async () => {
    const { commands, servers } = await redis.connect();
    const eventLog = createEventLog({ servers, historyLimit: 1_000, ttlSeconds: 60 });
    await eventLog.append(draft('warm'));
    const reads = async () => Number(/total_reads_processed:(\d+)/.exec(await commands.info('stats'))?.[1]);
    const before = await reads();
    await Promise.all(Array.from({ length: 50 }, (_, index) => eventLog.append(draft(String(index)))));
    // The sends and the INFO itself, or a few more if the kernel splits the data.
    expect((await reads()) - before).toBeLessThan(10);
  });
});
