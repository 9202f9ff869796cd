import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ChatError } from '#domain/errors.js';
import { limitKey } from '#redis/client/keys.js';
import { createRateLimiter, type RateLimiterOptions } from '#redis/limits/rate-limiter.js';
import { type Fixture, startFixture, type TestNode } from '#test/redis/fixture.js';

const HERE = '192.0.2.1';
let redis: Fixture;
let node: TestNode;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
});
afterAll(() => redis.close());
beforeEach(() => node.commands.flushall());

function limiter(count: number, more: Partial<RateLimiterOptions> = {}) {
  const limit = { count, windowMs: 60_000 };
  return createRateLimiter({
    servers: node.servers,
    limits: { connections: limit, sessions: limit, rooms: limit },
    timeoutMs: 2_000,
    onFailure: 'open',
    ...more,
  });
}

const refusalOf = async (taking: Promise<void> | undefined): Promise<ChatError | undefined> => {
  try {
    await taking;
    return undefined;
  } catch (error) {
    return error as ChatError;
  }
};

describe('a rate limit', () => {
  test('allows its count of actions and tells the next caller how long to wait', async () => {
    const { take } = limiter(3);
    const beganAt = Date.now();
    for (let count = 0; count < 3; count += 1) await take('connections', HERE);
    const refusal = await refusalOf(take('connections', HERE));
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED' });
    // The oldest of the three was counted between the two readings of the clock.
    const waitMs = refusal!.details.retryAfterMs!;
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(waitMs).toBeGreaterThanOrEqual(60_000 - (Date.now() - beganAt) - 1);
  });

  test('does not count refused actions', async () => {
    const { take } = limiter(2);
    for (let count = 0; count < 10; count += 1) await refusalOf(take('connections', HERE));
    expect(await node.commands.llen(limitKey('connections', HERE))).toBe(2);
  });

  test('ignores actions before its window', async () => {
    const { take } = limiter(2);
    const key = limitKey('connections', HERE);
    await node.commands.rpush(key, Date.now() - 30_000, Date.now() - 60_001);
    await take('connections', HERE);
    expect((await refusalOf(take('connections', HERE)))?.details.retryAfterMs).toBeLessThanOrEqual(30_000);
  });

  test('counts each address and each action separately', async () => {
    const { take } = limiter(1);
    await take('connections', HERE);
    await take('connections', '192.0.2.2');
    await take('sessions', HERE);
    expect(await refusalOf(take('connections', HERE))).toBeDefined();
  });

  test('is exact for a hundred concurrent actions over several nodes', async () => {
    const nodes = await Promise.all([redis.connect(), redis.connect(), redis.connect()]);
    const limiters = nodes.map(({ servers }) => limiter(7, { servers }));
    const refusals = await Promise.all(
      Array.from({ length: 100 }, (_, index) => refusalOf(limiters[index % 3]!.take('connections', HERE))),
    );
    expect(refusals.filter((refusal) => refusal === undefined)).toHaveLength(7);
  });

  test('does not block anyone after the clock was set back', async () => {
    await node.commands.lpush(limitKey('connections', HERE), Date.now() + 3_600_000);
    await limiter(1).take('connections', HERE);
  });

  test('of 0 means no limit, and Redis is not queried', () => {
    expect(limiter(0).take('connections', HERE)).toBeUndefined();
  });

  test('removes its data from Redis after its window', async () => {
    await limiter(1).take('connections', HERE);
    const leftMs = await node.commands.pttl(limitKey('connections', HERE));
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });
});

describe('new rooms', () => {
  const ROOMS = limitKey('rooms', HERE);

  test('are limited per address over all nodes, and refused rooms do not count', async () => {
    const other = await redis.connect();
    const [one, two] = [limiter(3), limiter(3, { servers: other.servers })];
    await one.takeRoom('a', HERE);
    await two.takeRoom('b', HERE);
    await one.takeRoom('c', HERE);
    expect(await refusalOf(two.takeRoom('d', HERE))).toMatchObject({
      code: 'RATE_LIMITED',
      message: expect.stringContaining('new rooms'),
      details: { retryAfterMs: expect.any(Number) },
    });
    await two.takeRoom('d', '192.0.2.2');
    expect(await node.commands.llen(ROOMS)).toBe(3);
  });

  test('do not include rooms that are already active', async () => {
    await node.commands.sadd('rooms:active', 'busy');
    const { takeRoom } = limiter(1);
    for (let count = 0; count < 10; count += 1) await takeRoom('busy', HERE);
    expect(await node.commands.exists(ROOMS)).toBe(0);
    await takeRoom('new', HERE);
    await takeRoom('busy', HERE);
    expect(await refusalOf(takeRoom('newer', HERE))).toBeDefined();
  });

  test('count once per address if a crowd opens them at the same time', async () => {
    const { takeRoom } = limiter(5);
    await Promise.all(Array.from({ length: 100 }, () => takeRoom('premiere', HERE)));
    await Promise.all(Array.from({ length: 100 }, () => takeRoom('premiere', '192.0.2.2')));
    expect(await node.commands.llen(ROOMS)).toBe(1);
    expect(await node.commands.llen(limitKey('rooms', '192.0.2.2'))).toBe(1);
  });

  test('are not limited if the limit is 0 or the address is unknown', () => {
    expect(limiter(0).takeRoom('a', HERE)).toBeUndefined();
    expect(limiter(5).takeRoom('a', '')).toBeUndefined();
  });
});

describe('a node whose event loop is blocked', () => {
  /** Blocks the event loop, like a long computation. */
  const block = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };

  test.each([
    ['longer than the limiter waits', 300, 2_000],
    ['so long that its connection is dropped', 900, 300],
  ])('%s still refuses actions over the limit', async (_, blockedMs, commandTimeoutMs) => {
    const { servers } = await redis.connect({ commandTimeoutMs });
    const errors: unknown[] = [];
    const { take } = limiter(1, { servers, timeoutMs: 250, onError: (error) => errors.push(error) });
    await take('connections', HERE);
    const taking = refusalOf(take('connections', HERE));
    // The command has been sent, and its reply arrives while the event loop is blocked.
    await new Promise(setImmediate);
    block(blockedMs);
    expect(await taking).toMatchObject({ code: 'RATE_LIMITED' });
    expect(errors).toEqual([]);
  });
});

describe.each(['hangs', 'is down'])('if Redis %s', (state) => {
  test.each(['open', 'closed'] as const)('the limiter fails %s within the time limit', async (onFailure) => {
    const other = await startFixture();
    try {
      const { servers } = await other.connect();
      const errors: unknown[] = [];
      const { take } = limiter(5, {
        servers,
        onFailure,
        timeoutMs: 50,
        onError: (error) => errors.push(error),
      });
      // On a busy machine the first action may be slow, which is not what this test is about.
      await refusalOf(take('connections', HERE));
      errors.length = 0;
      if (state === 'hangs') other.server.hang();
      else await other.server.kill();
      const beganAt = performance.now();
      const refusal = await refusalOf(take('connections', HERE));
      // Well below the command timeout of two seconds.
      expect(performance.now() - beganAt).toBeLessThan(1_500);
      expect(refusal?.code).toBe(onFailure === 'open' ? undefined : 'SERVICE_UNAVAILABLE');
      expect(errors).toHaveLength(1);
    } finally {
      await other.close();
    }
  });
});
