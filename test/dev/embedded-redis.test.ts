import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type EmbeddedRedis, startEmbeddedRedis } from '#dev/embedded-redis.js';
import { freePort } from '#dev/free-port.js';
import { NoServerProgramError } from '#dev/redis-process.js';
import { until } from '#test/support/until.js';

// The real function, except that a test can choose its first result, to lose a race for a port on purpose.
vi.mock(import('#dev/free-port.js'), async (importOriginal) => {
  const original = await importOriginal();
  return { ...original, freePort: vi.fn(original.freePort) };
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(): Promise<EmbeddedRedis> {
  const redis = await startEmbeddedRedis();
  cleanups.push(() => redis.close());
  return redis;
}

function connect(url: string): Redis {
  const client = new Redis(url);
  cleanups.push(async () => client.disconnect());
  return client;
}

/** The value of one setting of a running server. */
async function setting(client: Redis, name: string): Promise<string> {
  const [, value] = (await client.config('GET', name)) as [string, string];
  return value;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

describe('the embedded Redis', () => {
  test('listens on loopback only', async () => {
    const redis = await start();
    const client = connect(redis.url);

    expect(await client.ping()).toBe('PONG');
    expect(await client.info('server')).toContain(`process_id:${redis.pid}\r\n`);
    expect(await setting(client, 'bind')).toBe('127.0.0.1');
    expect(await setting(client, 'protected-mode')).toBe('yes');
    expect(await setting(client, 'maxmemory-policy')).toBe('noeviction');
  });

  test('can be started many times at once, each on its own port', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, start));

    expect(new Set(all.map(({ url }) => url)).size).toBe(8);
  });

  test('writes nothing to disk and leaves no directory behind', async () => {
    const redis = await start();
    const client = connect(redis.url);
    const dir = await setting(client, 'dir');
    // Enough changes to trigger a save with Redis' default settings.
    for (let i = 0; i < 100; i++) await client.set(`key${i}`, 'value');

    expect(await setting(client, 'save')).toBe('');
    expect(await setting(client, 'appendonly')).toBe('no');
    expect(await readdir(dir)).toEqual(['redis.sock']);
    client.disconnect();
    await redis.close();
    expect(existsSync(dir)).toBe(false);
  });

  test('has exited once close() resolves, and can be closed twice', async () => {
    const redis = await start();

    await redis.close();
    expect(isAlive(redis.pid)).toBe(false);
    await redis.close();
  });

  test('can be closed concurrently, and after its server died', async () => {
    const redis = await start();
    const client = connect(redis.url);
    client.on('error', () => undefined);
    const dir = await setting(client, 'dir');
    client.disconnect();
    process.kill(redis.pid, 'SIGKILL');

    await Promise.all([redis.close(), redis.close()]);
    expect(existsSync(dir)).toBe(false);
  });

  test.each([
    ['killed', false],
    ['killed while the server hangs', true],
  ])('ends with the process that started it if that is %s', async (_, hang) => {
    const embedded = new URL('../../src/dev/embedded-redis.ts', import.meta.url);
    const parent = spawn(process.execPath, [
      ...['--conditions=@streamly/source', '--import', 'tsx', '--input-type=module', '--eval'],
      `import { startEmbeddedRedis } from '${embedded}';
       const { pid, url } = await startEmbeddedRedis();
       console.log(JSON.stringify({ pid, url }));`,
    ]);
    cleanups.push(async () => parent.kill('SIGKILL'));
    const [line] = await once(parent.stdout, 'data');
    const { pid, url } = JSON.parse(String(line)) as { pid: number; url: string };
    const client = connect(url);
    const dir = await setting(client, 'dir');
    client.disconnect();
    expect(isAlive(pid)).toBe(true);

    if (hang) process.kill(pid, 'SIGSTOP');
    parent.kill('SIGKILL');

    await until(() => !isAlive(pid), { what: 'the end of the server' });
    await until(() => !existsSync(dir), { what: 'the end of its directory' });
  });

  test('tries another port if the first one is taken', async () => {
    const first = await start();
    vi.mocked(freePort).mockResolvedValueOnce(Number(new URL(first.url).port));

    const second = await start();

    expect(second.url).not.toBe(first.url);
    expect(await connect(second.url).info('server')).toContain(`process_id:${second.pid}\r\n`);
  });
});

describe('an embedded Redis that cannot start', () => {
  /** A directory for PATH, which is empty or contains this script as redis-server. */
  async function searchPath(script?: string): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'streamly-path-'));
    cleanups.push(() => rm(dir, { recursive: true }));
    if (script) await writeFile(join(dir, 'redis-server'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return dir;
  }

  test('says what to install if there is no program', async () => {
    const starting = startEmbeddedRedis({ searchPath: await searchPath() });

    await expect(starting).rejects.toThrow(NoServerProgramError);
    await expect(starting).rejects.toThrow(/apt-get install redis-server.*REDIS_URL/);
  });

  test('shows the log of a server that exits immediately', async () => {
    const path = await searchPath('echo "no such option: port"; exit 3');

    await expect(startEmbeddedRedis({ searchPath: path })).rejects.toThrow(/status 3.*no such option: port/s);
  });

  test('kills a server that never answers', async () => {
    const path = await searchPath('echo "pid $$"; exec /bin/sleep 60');

    const error = await startEmbeddedRedis({ searchPath: path, timeoutMs: 300 }).catch(String);

    expect(error).toContain('did not answer within 300 ms');
    const pid = Number(/pid (\d+)/.exec(String(error))?.[1]);
    expect(pid).toBeGreaterThan(0);
    expect(isAlive(pid)).toBe(false);
  });
});
