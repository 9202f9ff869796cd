import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { type RedisServer, type StartRedisOptions, startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';

let server: RedisServer | undefined;
afterEach(async () => {
  await server?.close();
});

async function start(options?: StartRedisOptions): Promise<RedisServer> {
  server = await startRedis(options);
  return server;
}

describe('a Redis server for tests', () => {
  test('runs commands and returns their replies as text', async () => {
    const redis = await start();

    expect(await redis.cli('RPUSH', 'list', 'a b', 'c')).toBe('2');
    expect(await redis.cli('LRANGE', 'list', '0', '-1')).toBe('a b\nc');
    expect(await redis.cli('GET', 'nothing')).toBe('');
    await expect(redis.cli('GET', 'list')).rejects.toThrow('WRONGTYPE');
  });

  test.each(['kill', 'stop'] as const)(
    'keeps its data over %s() and restart() with appendonly',
    async (end) => {
      const redis = await start({ appendonly: true });
      const { pid, url } = redis;
      await redis.cli('SET', 'key', 'value');

      await redis[end]();
      await expect(redis.cli('PING')).rejects.toThrow();
      await redis.restart();

      expect(redis.url).toBe(url);
      expect(redis.pid).not.toBe(pid);
      expect(await redis.cli('GET', 'key')).toBe('value');
    },
  );

  test('starts empty after restart() without appendonly', async () => {
    const redis = await start();
    await redis.cli('SET', 'key', 'value');

    await redis.restart();

    expect(await redis.cli('EXISTS', 'key')).toBe('0');
  });

  test('hangs and resumes', async () => {
    const redis = await start();
    const client = new Redis(redis.url);
    await client.ping();

    redis.hang();
    let answered = false;
    const pong = client.ping().finally(() => {
      answered = true;
    });
    await expect(until(() => answered, { what: 'PONG', timeout: 100 })).rejects.toThrow('100 ms for PONG');
    redis.resume();

    expect(await pong).toBe('PONG');
    client.disconnect();
  });

  test('can be stopped and closed while it hangs', async () => {
    const redis = await start();
    redis.hang();
    await redis.stop();
    await redis.restart();
    redis.hang();

    await redis.close();
    await redis.close();
  });

  test('accepts an ACL file', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'streamly-acl-'));
    const aclFile = join(dir, 'users.acl');
    await writeFile(aclFile, 'user default off\nuser reader on >secret ~* +get\n');
    const redis = await start({ aclFile, username: 'reader', password: 'secret' });
    await rm(dir, { recursive: true });

    expect(await redis.cli('GET', 'key')).toBe('');
    await expect(redis.cli('SET', 'key', 'value')).rejects.toThrow('NOPERM');
  });
});

describe('until', () => {
  test('returns the first truthy value', async () => {
    let looks = 0;

    expect(await until(() => ++looks === 3 && 'third', { what: 'the third look' })).toBe('third');
  });

  test('names what it waited for and the last value or error', async () => {
    const options = { what: 'the message', timeout: 50 };

    await expect(until(() => 0, options)).rejects.toThrow('Waited 50 ms for the message; last seen: 0');
    await expect(until(() => Promise.reject(new Error('no')), options)).rejects.toThrow('Error: no');
    await expect(until(() => new Promise(() => undefined), options)).rejects.toThrow('first look');
  });
});
