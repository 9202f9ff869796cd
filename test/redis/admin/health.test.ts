import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectRedis, redisWarnings, warningsOf } from '#redis/admin/health.js';
import { type Fixture, startFixture } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

let redis: Fixture;
beforeAll(async () => {
  redis = await startFixture();
});
afterAll(() => redis.close());

test('inspectRedis reads the version and the memory settings from INFO', async () => {
  const { commands, servers } = await redis.connect();
  await servers.check();
  const info = await inspectRedis(commands);
  expect(info).toMatchObject({ maxmemoryPolicy: 'noeviction', maxmemory: 0 });
  expect(info.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(await warningsOf(servers)).toEqual([]);
  await commands.config('SET', 'maxmemory', '100mb');
  await commands.config('SET', 'maxmemory-policy', 'allkeys-lru');
  expect(await warningsOf(servers)).toEqual([
    expect.stringMatching(/^Redis evicts.*CONFIG SET maxmemory-policy noeviction/),
  ]);
});

test('redisWarnings warns about an old Redis, but not about unknown settings', () => {
  const info = { version: '6.2.14', maxmemoryPolicy: 'volatile-lru', maxmemory: 0 };
  expect(redisWarnings(info)).toEqual([expect.stringContaining('6.2.14')]);
  expect(redisWarnings({ ...info, version: '', maxmemoryPolicy: '', maxmemory: 5 })).toEqual([]);
  expect(redisWarnings({ ...info, version: '10.1.0' })).toEqual([]);
});

test('a check throws SERVICE_UNAVAILABLE if Redis is down', async () => {
  const { commands, servers } = await redis.connect();
  await redis.server.kill();
  await until(() => commands.status !== 'ready', { what: 'the connection to be lost' });
  await expect(servers.check()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await expect(inspectRedis(commands)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
});
