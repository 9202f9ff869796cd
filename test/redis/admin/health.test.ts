import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectRedis, pingRedis, redisWarnings } from '#redis/admin/health.js';
import { type Fixture, startFixture } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

let redis: Fixture;
beforeAll(async () => {
  redis = await startFixture();
});
afterAll(() => redis.close());

test('inspectRedis reads the version, the memory policy and the mode from INFO', async () => {
  const { commands } = await redis.connect();
  await pingRedis(commands);
  const info = await inspectRedis(commands);
  expect(info).toMatchObject({ maxmemoryPolicy: 'noeviction', maxmemory: 0, mode: 'standalone' });
  expect(info.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(redisWarnings(info)).toEqual([]);
  await commands.config('SET', 'maxmemory', '100mb');
  await commands.config('SET', 'maxmemory-policy', 'allkeys-lru');
  expect(redisWarnings(await inspectRedis(commands))).toEqual([
    expect.stringContaining('CONFIG SET maxmemory-policy noeviction'),
  ]);
});

test('redisWarnings warns about an old Redis, but not about unknown settings', () => {
  const info = { version: '6.2.14', maxmemoryPolicy: 'volatile-lru', maxmemory: 0, mode: 'standalone' };
  expect(redisWarnings(info)).toEqual([expect.stringContaining('6.2.14')]);
  expect(redisWarnings({ ...info, version: '', maxmemoryPolicy: '', maxmemory: 5 })).toEqual([]);
  expect(redisWarnings({ ...info, version: '10.1.0' })).toEqual([]);
});

test('pingRedis throws SERVICE_UNAVAILABLE if Redis is down', async () => {
  const { commands } = await redis.connect();
  await redis.server.kill();
  await until(() => commands.status !== 'ready', { what: 'the connection to be lost' });
  await expect(pingRedis(commands)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await expect(inspectRedis(commands)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
});
