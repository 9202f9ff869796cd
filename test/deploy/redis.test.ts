import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import type { Entry } from '#domain/entry.js';
import { warningsOf } from '#redis/admin/health.js';
import { createCache } from '#redis/cache/cache.js';
import { connectRedis } from '#redis/client/connections.js';
import { channelsOf, oneServer } from '#redis/client/one-server.js';
import { createFeed } from '#redis/feed/feed.js';
import { createRateLimiter } from '#redis/limits/rate-limiter.js';
import { createSlowModes } from '#redis/limits/slow-modes.js';
import { createDirectory } from '#redis/presence/directory.js';
import { createPresence } from '#redis/presence/presence.js';
import { sweep } from '#redis/presence/sweep.js';
import { createAppend } from '#redis/room-log/append.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { createSessions } from '#redis/sessions/sessions.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';

const path = (file: string) => fileURLToPath(new URL(`../../deploy/redis/${file}`, import.meta.url));
const password = 'for-development-only';
const limit = { count: 10, windowMs: 1_000 };

let redis: RedisServer;

/** Runs a command as a user, or without logging in. */
async function as(user: string | undefined, ...[command = '', ...args]: string[]): Promise<unknown> {
  const login = user === undefined ? {} : { username: user, password };
  const client = new Redis({
    port: redis.port,
    ...login,
    lazyConnect: true,
    enableReadyCheck: false,
    // Version 3 begins with HELLO, and a connection that may not run it is unusable.
    protocol: 2,
    retryStrategy: () => null,
  });
  // The command fails with the same error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

beforeEach(async () => {
  // The settings of the container, except for its addresses and paths.
  redis = await startRedis({
    args: ['--include', path('redis.conf')],
    aclFile: path('users.acl'),
    username: 'streamly',
    password,
  });
});

afterEach(() => redis.close());

describe('deploy/redis', () => {
  test.each([
    ['maxmemory', '536870912'],
    ['maxmemory-policy', 'noeviction'],
    ['timeout', '0'],
    ['tcp-keepalive', '60'],
    ['databases', '1'],
    ['appendonly', 'yes'],
    ['protected-mode', 'yes'],
  ])('sets %s to %s', async (name, value) => {
    expect(await as('operator', 'CONFIG', 'GET', name)).toEqual([name, value]);
  });

  test('limits the memory of slow subscribers', async () => {
    const [, limits] = (await as('operator', 'CONFIG', 'GET', 'client-output-buffer-limit')) as string[];

    expect(limits).toMatch(/pubsub [1-9]\d* [1-9]\d* [1-9]\d*/);
  });

  test('refuses a missing or wrong password', async () => {
    await expect(as(undefined, 'GET', 'messages:room1')).rejects.toThrow('NOAUTH');
    await expect(as(undefined, 'AUTH', 'default', '')).rejects.toThrow('WRONGPASS');
    await expect(as(undefined, 'AUTH', 'streamly', 'wrong')).rejects.toThrow('WRONGPASS');
  });

  test.each([
    ['write another key', ['SET', 'other', '1']],
    ['write another key in a script', ['EVAL', "return redis.call('SET', 'other', '1')", '0']],
    ['publish on another channel', ['PUBLISH', 'other', '1']],
    ['subscribe to all channels', ['PSUBSCRIBE', '*']],
    ['scan all keys', ['SCAN', '0']],
    ['read the settings', ['CONFIG', 'GET', 'maxmemory']],
    ['delete all data', ['FLUSHALL']],
    ['delete all data in a script', ['EVAL', "return redis.call('FLUSHALL')", '0']],
    ['list the users', ['ACL', 'LIST']],
    ['kill other clients', ['CLIENT', 'KILL', 'TYPE', 'pubsub']],
  ])('does not let the chat server %s', async (_, command) => {
    await expect(as('streamly', ...command)).rejects.toThrow(/NOPERM|can't (access|run)|no permissions/i);
  });

  test.each([
    ['delete all data', ['FLUSHALL']],
    ['shut it down', ['SHUTDOWN']],
    ['reconfigure it', ['CONFIG', 'SET', 'maxmemory', '1']],
    ['create users', ['ACL', 'SETUSER', 'me', 'on', 'nopass', '+@all']],
    ['replicate it elsewhere', ['REPLICAOF', '127.0.0.1', '1']],
  ])('does not let an operator %s', async (_, command) => {
    await expect(as('operator', ...command)).rejects.toThrow('NOPERM');
  });
});

/** Server programs on the PATH. Valkey is tested where it is installed. */
const programs = ['redis-server', 'valkey-server'].flatMap((name) => {
  const found = (process.env.PATH ?? '').split(delimiter).find((folder) => existsSync(join(folder, name)));
  return found === undefined ? [] : [{ name, program: join(found, name) }];
});

describe.each(programs)('on $name, deploy/redis/redis.conf', ({ program }) => {
  /** Starts a server with these settings in place of those in the file. Returns a client. */
  async function started(settings: string, run: (client: Redis) => Promise<void>): Promise<void> {
    const dir = await mkdtemp(join(tmpdir(), 'streamly-test-conf-'));
    const port = await freePort();
    await writeFile(join(dir, 'redis.conf'), settings.replace(/^aclfile .*$/m, ''));
    const server = spawn(program, [join(dir, 'redis.conf'), '--port', `${port}`, '--dir', dir], {
      stdio: 'ignore',
    });
    const client = new Redis({ port, retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    try {
      await until(() => client.status === 'ready' || server.exitCode !== null, { what: 'the server' });
      expect(server.exitCode).toBeNull();
      await run(client);
    } finally {
      client.disconnect();
      server.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    }
  }

  const settings = readFileSync(path('redis.conf'), 'utf8');

  test('is accepted', () =>
    started(settings, async (client) => {
      expect(await client.config('GET', 'repl-backlog-size')).toEqual(['repl-backlog-size', '67108864']);
      const [, limits] = (await client.config('GET', 'client-output-buffer-limit')) as string[];
      expect(limits).toMatch(/(slave|replica) 268435456 134217728 120 pubsub 33554432 8388608 60$/);
    }));

  test('is accepted with every setting that it offers to switch on', () =>
    started(settings.replace(/^#(?=\w)(?!activedefrag)/gm, ''), async (client) => {
      expect(await client.config('GET', 'min-replicas-to-write')).toEqual(['min-replicas-to-write', '1']);
      expect(await client.config('GET', 'min-replicas-max-lag')).toEqual(['min-replicas-max-lag', '5']);
      // Accepted, or refused for the reason that the file gives.
      const answer = await client.config('SET', 'activedefrag', 'yes').catch(String);
      expect(answer).toMatch(/^OK$|requires a .*server compiled with a modified Jemalloc/i);
      expect(settings).toMatch(/^#activedefrag yes$/m);
    }));
});

test('with min-replicas-to-write and no replica, refuses a send before it stores or counts anything', async () => {
  const server = await startRedis({ plain: true, args: ['--min-replicas-to-write', '1'] });
  const connections = connectRedis({ url: server.url });
  await connections.ready(5_000);
  const append = createAppend(oneServer(connections), {
    retention: { historyLimit: 100, ttlMs: 60_000 },
    policy: { perUser: limit, perAddress: limit, roomsPerAddress: limit },
  });
  const draft = { roomId: 'room1', author: { id: 'guest:Ada', name: 'Ada' }, content: 'hello', nonce: 'one' };
  const sending = append(draft, { id: 'ada', address: '192.0.2.1', exempt: 'from nothing' });
  await expect(sending).rejects.toThrow(/^NOREPLICAS/);
  expect(await connections.commands.dbsize()).toBe(0);
  await connections.close();
  await server.close();
});

describe('the user of the chat server', () => {
  test('has all permissions that the chat server needs', async () => {
    const connections = connectRedis({ url: redis.url });
    expect(await connections.ready(5_000)).toBe(true);
    const { commands } = connections;
    const servers = oneServer(connections);
    expect(await warningsOf(servers)).toEqual([]);
    const eventLog = createEventLog({
      servers,
      historyLimit: 100,
      ttlSeconds: 60,
      sendPolicy: { perUser: limit, perAddress: limit, roomsPerAddress: limit },
    });
    const cache = createCache({ servers });
    const directory = createDirectory({ servers, cache, maxRooms: 500 });
    const sessions = createSessions({ commands, ttlMs: 1_000 });
    const slowModes = createSlowModes({ commands, ttlMs: 1_000 });
    const { take, takeRoom } = createRateLimiter({
      servers,
      limits: { connections: limit, sessions: limit, rooms: limit },
      timeoutMs: 1_000,
      onFailure: 'closed',
    });
    const presence = createPresence({ servers, nodeId: 'node1', heartbeatMs: 100 });
    const feed = createFeed({ channels: channelsOf(connections.subscriber), decode: decodeEntry });
    const heard: Entry[] = [];
    const open = await feed.open('room1', {
      onEntry: (entry) => heard.push(entry),
      onResumed: () => undefined,
      onFailed: (error) => expect.unreachable(String(error)),
    });

    const author = { id: 'guest:Ada', name: 'Ada' };
    const draft = { roomId: 'room1', author, content: 'hello', nonce: 'one' };
    const sent = await eventLog.append(draft);
    expect(await eventLog.append(draft)).toEqual(sent);
    const slip = await eventLog.append({ ...draft, nonce: 'two' });
    const retracted = [slip.id];
    expect(await eventLog.retract('room1', retracted, {})).toEqual({ retracted, missing: [] });
    await slowModes.set('room1', 1);
    expect(await slowModes.of(['room1'])).toEqual([1]);
    const sender = { id: 'ada', address: '192.0.2.1', exempt: 'from nothing' } as const;
    const limited = { roomId: 'room2', author, content: 'limited' };
    await eventLog.append(limited, sender);
    await slowModes.set('room2', 9);
    await expect(eventLog.append(limited, sender)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await slowModes.set('room2', 0);
    await take('connections', '192.0.2.1');
    await takeRoom('room3', '192.0.2.1');
    const { token } = await sessions.start('Ada', ['viewer']);
    const { sessionId = '' } = (await sessions.find(token)) ?? {};
    expect(await sessions.findEnded([sessionId, 'none'])).toEqual(['none']);
    expect(await sessions.end(sessionId)).toBe(true);
    await until(() => heard.length === 3, { what: 'the entries on the channel' });
    expect((await eventLog.messages('room1', { take: { last: 10 } })).messages).toEqual([sent]);
    expect(await eventLog.lastMessages(['room1'])).toEqual([sent]);
    expect(await directory.activeRooms(10)).toEqual(['room1', 'room2']);
    // The list is shared with other nodes.
    expect(await commands.exists('cache:active-rooms:500')).toBe(1);
    presence.start();
    presence.join('room1', 'connection1');
    const count = async () => (await directory.connectionCounts(['room1']))[0];
    await until(async () => (await count()) === 1, { what: 'the connection to be counted' });
    await sweep(servers);
    presence.leave('room1', 'connection1');
    await until(async () => (await count()) === 0, { what: 'the connection to be gone' });

    await open.close();
    await cache.close();
    await presence.close();
    await feed.close();
    await connections.close();
    // Commands whose refusal was ignored appear only here.
    expect(await as('operator', 'ACL', 'LOG')).toEqual([]);
  });

  test('finds messages, nonces and sessions again after a restart or a crash', async () => {
    const draft = { roomId: 'room1', author: { id: 'guest:Ada', name: 'Ada' }, content: 'kept', nonce: 'n' };
    const open = async () => {
      const connections = connectRedis({ url: redis.url });
      await until(() => connections.commands.status === 'ready', { what: 'Redis' });
      const { commands } = connections;
      return {
        connections,
        eventLog: createEventLog({ servers: oneServer(connections), historyLimit: 100, ttlSeconds: 60 }),
        sessions: createSessions({ commands, ttlMs: 60_000 }),
      };
    };
    const before = await open();
    const sent = await before.eventLog.append(draft);
    const { token, user } = await before.sessions.start('Ada', ['viewer']);
    await before.connections.close();

    for (const end of [() => redis.stop(), () => redis.kill()]) {
      // With `appendfsync everysec`, up to a second of data is not on disk yet.
      await until(
        async () => /aof_pending_bio_fsync:0/.test(String(await as('operator', 'INFO', 'persistence'))),
        {
          what: 'the data to be on disk',
        },
      );
      await end();
      await redis.restart();
      const after = await open();
      expect((await after.eventLog.messages('room1', { take: { last: 10 } })).messages).toEqual([sent]);
      expect(await after.eventLog.append(draft)).toEqual(sent);
      expect((await after.sessions.find(token))?.user).toEqual(user);
      await after.connections.close();
    }
  });
});
