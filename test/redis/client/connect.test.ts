import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectRedis } from '#redis/client/connections.js';
import { channelsOf, oneServer } from '#redis/client/one-server.js';
import { createFeed } from '#redis/feed/feed.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture } from '#test/redis/fixture.js';
import { startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';

/** The URL of another database on the same server. */
function databaseUrl(url: string, database: number): string {
  return Object.assign(new URL(url), { pathname: `/${database}` }).href;
}

describe('a database other than 0', () => {
  let redis: Fixture;
  beforeEach(async () => {
    redis = await startFixture();
  });
  afterEach(() => redis.close());

  async function openNode(database: number) {
    const url = databaseUrl(redis.server.testerUrl, database);
    const { servers, subscriber } = await redis.connect({ url });
    const received: string[] = [];
    const feed = redis.use(createFeed({ channels: channelsOf(subscriber), database, decode: decodeEntry }));
    await feed.open('room1', {
      onEntry: (entry) => void received.push('content' in entry ? entry.content : 'opaque'),
      onResumed: () => undefined,
      onFailed: () => undefined,
    });
    return { received, eventLog: createEventLog({ servers, historyLimit: 10, ttlSeconds: 60 }) };
  }

  test('keeps its messages to itself, although pub/sub knows no databases', async () => {
    const [production, staging] = [await openNode(0), await openNode(1)];
    await staging.eventLog.append(draft('from staging'));
    await production.eventLog.append(draft('from production'));
    await until(() => production.received.length + staging.received.length >= 2, { what: 'both messages' });
    expect(production.received).toEqual(['from production']);
    expect(staging.received).toEqual(['from staging']);
    expect(await redis.server.cli('PUBSUB', 'CHANNELS')).toContain('1:messages:room1');
  });

  test('that Redis does not have never makes a connection ready, and nothing reaches database 0', async () => {
    const errors: string[] = [];
    const connections = redis.use(
      connectRedis({
        url: databaseUrl(redis.server.testerUrl, 99),
        hooks: { onError: (where, error) => errors.push(`${where}: ${(error as Error).message}`) },
      }),
    );
    expect(await connections.ready(1_000)).toBe(false);
    expect(errors.sort()).toEqual([
      'commands: ERR DB index is out of range',
      'subscriber: ERR DB index is out of range',
    ]);
    const eventLog = createEventLog({ servers: oneServer(connections), historyLimit: 10, ttlSeconds: 60 });
    await expect(eventLog.append(draft('lost'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await redis.server.cli('EXISTS', 'messages:room1')).toBe('0');
  });
});

test('a Redis in cluster mode never makes a connection ready, and the error says what to change', async () => {
  const server = await startRedis({ plain: true, args: ['--cluster-enabled', 'yes'] });
  const errors: string[] = [];
  const connections = connectRedis({
    url: server.url,
    hooks: { onError: (where, error) => errors.push(`${where}: ${(error as Error).message}`) },
  });
  try {
    expect(await connections.ready(1_000)).toBe(false);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain('cluster mode');
    expect(errors[0]).toContain('REDIS_URL');
  } finally {
    await connections.close();
    await server.close();
  }
});
