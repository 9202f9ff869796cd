/** Forms a Cluster from the files in deploy/cluster, as compose.yaml does, but on this machine. Needs redis-cli. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Entry } from '#domain/entry.js';
import { warningsOf } from '#redis/admin/health.js';
import { createCache } from '#redis/cache/cache.js';
import { createFeed } from '#redis/feed/feed.js';
import { createRateLimiter } from '#redis/limits/rate-limiter.js';
import { createSlowModes } from '#redis/limits/slow-modes.js';
import { createDirectory } from '#redis/presence/directory.js';
import { createPresence } from '#redis/presence/presence.js';
import { sweep } from '#redis/presence/sweep.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { openServers } from '#redis/servers.js';
import { createSessions } from '#redis/sessions/sessions.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';

const run = promisify(execFile);
const path = (file: string) => fileURLToPath(new URL(`../../deploy/${file}`, import.meta.url));
const password = 'for-development-only';
const CHANNEL = 'messages:room1';

let dir: string;
const servers: RedisServer[] = [];
const clients: Redis[] = [];

/** A connection as a user. */
function as(username: string, { port }: RedisServer): Redis {
  const client = new Redis({
    port,
    username,
    password,
    protocol: 2,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

const call = (user: string, server: RedisServer, [command = '', ...args]: readonly string[]) =>
  as(user, server).call(command, ...args);

function createCluster(): Promise<{ stdout: string }> {
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  const env = { PATH: process.env.PATH, REDISCLI_AUTH: password };
  return run('/bin/sh', [path('cluster/create-cluster.sh'), ...addresses], { env });
}

/** Ids and roles of all servers, which a second creation must not change. */
async function members(): Promise<string[]> {
  const nodes = String(await call('creator', servers[0]!, ['CLUSTER', 'NODES']));
  return nodes
    .trim()
    .split('\n')
    .map((line) => line.replace('myself,', '').split(' ').slice(0, 4).join(' '))
    .sort();
}

/** The primary that has the room's slot. */
async function primary(): Promise<RedisServer> {
  for (const server of servers) {
    const answer = await call('streamly', server, ['LLEN', CHANNEL]).catch(() => undefined);
    const role = (await call('streamly', server, ['ROLE'])) as string[];
    if (answer !== undefined && role[0] === 'master') return server;
  }
  throw new Error('No server has the slot.');
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'streamly-test-cluster-'));
  const settings = await readFile(path('cluster/redis-cluster.conf'), 'utf8');
  const file = join(dir, 'redis-cluster.conf');
  await writeFile(file, settings.replace(/^include .*$/m, `include ${path('redis/redis.conf')}`));
  for (let count = 0; count < 6; count += 1) {
    servers.push(
      await startRedis({
        args: ['--include', file, '--masterauth', password],
        aclFile: path('cluster/users.acl'),
        username: 'streamly',
        password,
      }),
    );
  }
  await createCluster();
});

afterAll(async () => {
  for (const client of clients) client.disconnect();
  await Promise.all(servers.map((server) => server.close()));
  await rm(dir, { recursive: true, force: true });
});

describe('deploy/cluster', () => {
  test('forms a cluster of three shards with a replica each, and changes nothing if it exists', async () => {
    const before = await members();
    expect(before.filter((line) => line.includes('master'))).toHaveLength(3);
    expect(before.filter((line) => line.includes('slave'))).toHaveLength(3);

    expect((await createCluster()).stdout).toBe('The cluster exists.\n');
    expect(await members()).toEqual(before);
  });

  test('is set to serve the rooms of other shards while one has no primary', async () => {
    const setting = ['CONFIG', 'GET', 'cluster-require-full-coverage'];
    expect(await call('operator', servers[0]!, setting)).toEqual(['cluster-require-full-coverage', 'no']);
  });

  test('lets the chat server do all that it does', async () => {
    const [first] = servers;
    const store = openServers({
      nodes: [{ host: '127.0.0.1', port: first!.port }],
      username: 'streamly',
      password,
      separateWriter: true,
    });
    expect(await store.ready(10_000)).toBe(true);
    await store.check();
    expect(await warningsOf(store)).toEqual([]);
    const limit = { count: 10, windowMs: 1_000 };
    const eventLog = createEventLog({
      servers: store,
      historyLimit: 100,
      ttlSeconds: 60,
      // Also checks that the replicas could log in.
      replication: { replicas: 1, timeoutMs: 20_000 },
      sendPolicy: { perUser: limit, perAddress: limit, roomsPerAddress: limit },
    });
    const cache = createCache({ servers: store });
    const directory = createDirectory({ servers: store, cache, maxRooms: 500 });
    const sessions = createSessions({ commands: store.commands, ttlMs: 60_000 });
    const slowModes = createSlowModes({ commands: store.commands, ttlMs: 60_000 });
    const { take, takeRoom } = createRateLimiter({
      servers: store,
      limits: { connections: limit, sessions: limit, rooms: limit },
      timeoutMs: 1_000,
      onFailure: 'closed',
    });
    const presence = createPresence({ servers: store, nodeId: 'node1', heartbeatMs: 100 });
    const feed = createFeed({ channels: store.channels, decode: decodeEntry });
    const heard: Entry[] = [];

    // Enough rooms for each shard to have some.
    for (const roomId of ['room1', 'room2', 'room3', 'room4', 'room5', 'room6']) {
      const open = await feed.open(roomId, {
        onEntry: (entry) => heard.push(entry),
        onResumed: () => undefined,
        onFailed: (error) => expect.unreachable(String(error)),
      });
      const draft = { roomId, author: { id: 'guest:Ada', name: 'Ada' }, content: 'hello', nonce: 'one' };
      const sender = { id: 'ada', address: '192.0.2.1', exempt: 'from nothing' } as const;
      const sent = await eventLog.append(draft, sender);
      expect(await eventLog.append(draft, sender)).toEqual(sent);
      await until(() => heard.some(({ id }) => id === sent.id), { what: 'the message on the channel' });
      expect((await eventLog.messages(roomId, { take: { last: 10 } })).messages).toEqual([sent]);
      expect(await eventLog.lastMessages([roomId])).toEqual([sent]);
      const outcome = { retracted: [sent.id], missing: [] };
      expect(await eventLog.retract(roomId, [sent.id], {})).toEqual(outcome);
      expect(await eventLog.retract(roomId, [sent.id], {})).toEqual(outcome);
      await slowModes.set(roomId, 1);
      expect(await slowModes.of([roomId])).toEqual([1]);
      presence.join(roomId, 'connection1');
      await takeRoom(`${roomId}-new`, '192.0.2.1');
      await open.close();
    }
    await take('connections', '192.0.2.1');
    const { token } = await sessions.start('Ada', ['viewer']);
    const { sessionId = '' } = (await sessions.find(token)) ?? {};
    expect(await sessions.findEnded([sessionId, 'none'])).toEqual(['none']);
    expect(await sessions.end(sessionId)).toBe(true);
    presence.start();
    const count = async () => (await directory.connectionCounts(['room1']))[0];
    await until(async () => (await count()) === 1, { what: 'the connection to be counted' });
    expect(await directory.activeRooms(10)).toHaveLength(6);
    await sweep(store);
    presence.leave('room1', 'connection1');
    await until(async () => (await count()) === 0, { what: 'the connection to be gone' });

    await cache.close();
    await presence.close();
    await feed.close();
    await store.close();
    // Commands whose refusal was ignored appear only here.
    for (const each of servers) expect(await call('operator', each, ['ACL', 'LOG'])).toEqual([]);
  });

  test('lets the chat server read from a replica with a script that cannot write', async () => {
    const [, port] = await replicaOf(await primary());
    const client = as('streamly', servers.find((server) => server.port === port)!);
    expect(await client.call('READONLY')).toBe('OK');
    await until(async () => (await client.llen(CHANNEL)) === 2, { what: 'the entries on the replica' });
    const script = "return redis.call('LLEN', KEYS[1])";
    await client.eval(script, 1, CHANNEL);
    const digest = createHash('sha1').update(script).digest('hex');
    expect(await client.call('EVALSHA_RO', digest, '1', CHANNEL)).toBe(2);
  });

  test.each([
    ['change the cluster', ['CLUSTER', 'RESET', 'HARD']],
    ['force a failover', ['CLUSTER', 'FAILOVER']],
    ['write the active rooms of a single Redis', ['SADD', 'rooms:active', 'room1']],
    ['publish on another channel', ['SPUBLISH', 'other', '1']],
    ['publish to all shards', ['PUBLISH', 'messages:room1', '1']],
    ['delete all data', ['FLUSHALL']],
  ])('does not let the chat server %s', async (_, command) => {
    await expect(call('streamly', servers[0]!, command)).rejects.toThrow(/NOPERM/);
  });

  test.each([
    ['replica', ['GET', 'messages:room1']],
    ['replica', ['CLUSTER', 'RESET']],
    ['creator', ['GET', 'messages:room1']],
    ['creator', ['FLUSHALL']],
    ['operator', ['CLUSTER', 'FAILOVER']],
  ])('does not let the user %s run %j', async (user, command) => {
    await expect(call(user, servers[0]!, command)).rejects.toThrow(/NOPERM/);
  });
});

/** Host and port of a primary's replica. */
async function replicaOf(server: RedisServer): Promise<readonly [string, number]> {
  const [, , replicas] = (await call('streamly', server, ['ROLE'])) as [
    string,
    number,
    [string, string, string][],
  ];
  return [replicas[0]![0], Number(replicas[0]![1])];
}
