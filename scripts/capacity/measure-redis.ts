/** Measures what rooms and messages cost a Redis server, as memory and as CPU time of its process. */
import { Redis } from 'ioredis';
import type { Draft } from '#domain/message.js';
import { activeRoomsKey, connectionsKey, messagesKey, nodeKey, roomKey } from '#redis/client/keys.js';
import { scanMembers } from '#redis/client/members.js';
import type { Servers } from '#redis/client/servers.js';
import { createRateLimiter } from '#redis/limits/rate-limiter.js';
import { sweep } from '#redis/presence/sweep.js';
import { createAppend } from '#redis/room-log/append.js';
import { openServers } from '#redis/servers.js';
import { createSessions } from '#redis/sessions/sessions.js';
import { type RedisServer, startRedis } from '../../test/support/redis-server.js';
import { until } from '../../test/support/until.js';
import { Subscriber } from './subscriber.js';

/** 50 characters, the length of a typical chat message. */
const CONTENT = 'The quick brown fox jumps over the lazy dog again!';
/** Like the name of a pod in Kubernetes. */
const NODE_ID = 'chat-7d9f8b6c5d-x2x4z';
const AUTHOR = { id: 'user:0123456789abcdef', name: 'Ann Example' };
const HISTORY_LIMIT = 10_000;
/** As in production: see RATE_SENDS_PER_USER and RATE_SENDS_PER_ADDRESS. The address would be refused too early. */
const LIMITS = {
  perUser: { count: 1_000, windowMs: 10_000 },
  perAddress: { count: 0, windowMs: 0 },
  roomsPerAddress: { count: 0, windowMs: 0 },
};

export type Figures = Record<string, number>;

/** Measures on a server of its own, which ends with this call. */
export async function measureRedis(): Promise<Figures> {
  // A Cluster of one, because SPUBLISH is what shards run. The append-only file is on, as in production.
  const redis = await startRedis({
    plain: true,
    args: [
      '--cluster-enabled',
      'yes',
      '--cluster-announce-ip',
      '127.0.0.1',
      '--appendonly',
      'yes',
      '--appendfsync',
      'everysec',
      '--save',
      '',
    ],
  });
  const client = new Redis(redis.port, '127.0.0.1', { enableAutoPipelining: true });
  const servers = openServers({ nodes: [{ host: '127.0.0.1', port: redis.port }], commandTimeoutMs: 60_000 });
  try {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until(async () => /cluster_state:ok/.test(await client.cluster('INFO')), { what: 'the slots' });
    await servers.ready(10_000);
    return { ...(await measureMemory(client, servers)), ...(await measureCpu(redis, client, servers)) };
  } finally {
    client.disconnect();
    await servers.close();
    await redis.close();
  }
}

async function measureMemory(client: Redis, servers: Servers): Promise<Figures> {
  const figures: Figures = {};
  const fill = async (name: string, rooms: number, messages: number) => {
    figures[`bytes per room of ${messages} messages`] = await grown(client, rooms, async () => {
      await appendAll(servers, spread(`${name}-`, rooms, rooms * messages), { pipeline: 500 });
    });
  };
  await fill('one', 20_000, 1);
  await fill('hundred', 1_000, 100);
  await fill('full', 20, HISTORY_LIMIT);
  const silent = Array.from({ length: 20_000 }, (_, index) => `one-${index}`);
  await each(silent, (room) => client.del(messagesKey(room)));
  figures['bytes per room that fell silent'] = (await client.memory('USAGE', roomKey('one-7'))) ?? 0;
  await client.flushall();
  figures['bytes per nonce'] = await grown(client, 20_000, async () => {
    const before = await used(client);
    await appendAll(servers, spread('n-', 1, 20_000), { pipeline: 500 });
    const plain = (await used(client)) - before;
    await client.flushall();
    await appendAll(servers, spread('n-', 1, 20_000, true), { pipeline: 500 });
    return plain;
  });
  await client.flushall();
  figures['bytes per viewer of a room of 100,000'] = await grown(client, 100_000, () =>
    each(range(100_000), (index) => client.sadd(connectionsKey('room'), `${NODE_ID}:${index}`)),
  );
  figures['bytes per viewer of a room of 10'] = await grown(client, 100_000, () =>
    each(range(100_000), (index) => client.sadd(connectionsKey(`r${index % 10_000}`), `${NODE_ID}:${index}`)),
  );
  const sessions = createSessions({ commands: client, ttlMs: 86_400_000 });
  figures['bytes per session'] = await grown(client, 20_000, () =>
    each(range(20_000), (index) => sessions.start(`Ann Example ${index}`, ['viewer'])),
  );
  await client.flushall();
  figures['bytes per subscribed room of a node'] = await grown(client, 50_000, async () => {
    const subscriber = await Subscriber.open(client.options.port!);
    subscriber.subscribe(Array.from(range(50_000), (index) => messagesKey(`room-${index}`)));
    await until(() => subscriber.bytes > 50_000 * 30, { what: 'the subscriptions' });
    kept.push(subscriber);
  });
  for (const subscriber of kept.splice(0)) subscriber.close();
  return figures;
}

/** Subscribers that must stay open until the memory was read. */
const kept: Subscriber[] = [];

async function measureCpu(redis: RedisServer, client: Redis, servers: Servers): Promise<Figures> {
  const figures: Figures = {};
  const count = 60_000;
  const append = (prefix: string, options: AppendOptions) =>
    perCall(client, count, () => appendAll(servers, spread(prefix, 500, count, true), options));
  await append('warm-', { pipeline: 100 });
  figures['append: µs, 100 in a pipeline'] = await append('a-', { pipeline: 100 });
  figures['append: µs, 8 in a pipeline'] = await append('b-', { pipeline: 8 });
  await client.flushall();
  await appendAll(servers, spread('full-', 20, 20 * HISTORY_LIMIT), { pipeline: 500 });
  figures['append: µs into rooms of 10,000'] = await perCall(client, count, () =>
    appendAll(servers, spread('full-', 20, count), { pipeline: 100 }),
  );
  await client.flushall();
  const toOneRoom = (pipeline: number) =>
    perCall(client, 10_000, () => appendAll(servers, spread('room', 1, 10_000), { pipeline }));
  const nodes = 50;
  for (const pipeline of [100, 1]) {
    const alone = await toOneRoom(pipeline);
    const subscribers = await Promise.all(Array.from({ length: nodes }, () => Subscriber.open(redis.port)));
    for (const subscriber of subscribers) subscriber.subscribe([messagesKey('room0')]);
    await until(() => subscribers.every(({ bytes }) => bytes > 20), { what: 'the subscribers' });
    figures[`publish: µs per node, ${pipeline} in a pipeline`] =
      ((await toOneRoom(pipeline)) - alone) / nodes;
    figures[`append: µs, ${pipeline} in a pipeline, one room`] = alone;
    for (const subscriber of subscribers) subscriber.close();
  }
  await each(range(100_000), (index) => client.sadd(connectionsKey('room'), `${NODE_ID}:${index}`));
  await client.sadd(activeRoomsKey('room', true), 'room');
  await client.set(nodeKey(NODE_ID), '1');
  const own = process.cpuUsage();
  figures['sweep: µs per viewer'] = await perCall(client, 100_000, () => sweep(servers));
  const { user, system } = process.cpuUsage(own);
  figures['sweep: µs per viewer of the node that sweeps'] = (user + system) / 100_000;
  figures['reconnect: µs per viewer of a room and node'] = await perCall(client, 100_000, async () => {
    for await (const members of scanMembers(client, 'room', 'another-node')) members.at(0);
  });
  figures['join: µs for a viewer who joins and leaves'] = await measureJoin(client, servers);
  return figures;
}

/** What a connection asks of Redis: a limit on its address, its session, and its place in a room. */
async function measureJoin(client: Redis, servers: Servers): Promise<number> {
  const limit = { count: 200, windowMs: 10_000 };
  const { take } = createRateLimiter({
    servers,
    limits: { connections: limit, sessions: limit, rooms: limit },
    timeoutMs: 10_000,
    onFailure: 'open',
  });
  const sessions = createSessions({ commands: client, ttlMs: 86_400_000 });
  const { token } = await sessions.start('Ann Example', ['viewer']);
  return perCall(client, 20_000, () =>
    each(
      range(20_000),
      async (index) => {
        await take('connections', `192.0.2.${index % 250}`);
        await sessions.find(token);
        await client.sadd(connectionsKey('room'), `${NODE_ID}:${index}`);
        await client.srem(connectionsKey('room'), `${NODE_ID}:${index}`);
      },
      16,
    ),
  );
}

interface AppendOptions {
  /** How many are sent before the first is answered. */
  pipeline: number;
}

async function appendAll(
  servers: Servers,
  drafts: Iterable<Draft>,
  { pipeline }: AppendOptions,
): Promise<void> {
  const append = createAppend(servers, {
    retention: { historyLimit: HISTORY_LIMIT, ttlMs: 86_400_000 },
    policy: LIMITS,
  });
  let number = 0;
  const send = (draft: Draft) => {
    number += 1;
    return append(draft, { id: `user${number % 5_000}`, address: '192.0.2.1', exempt: 'from nothing' });
  };
  await each(drafts, send, pipeline);
}

/** Messages to these rooms in turn. */
function* spread(prefix: string, rooms: number, count: number, nonces = false): Generator<Draft> {
  for (const index of range(count)) {
    const nonce = nonces ? { nonce: `${prefix}0123456789abcdef-${index}` } : {};
    yield { roomId: `${prefix}${index % rooms}`, author: AUTHOR, content: CONTENT, ...nonce };
  }
}

function* range(count: number): Generator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}

/** Does work for each item, as many at a time as given. */
async function each<T>(items: Iterable<T>, work: (item: T) => Promise<unknown>, atOnce = 500): Promise<void> {
  let batch: Promise<unknown>[] = [];
  for (const item of items) {
    batch.push(work(item));
    if (batch.length < atOnce) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
}

async function used(client: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
}

/** By how much the work made the memory grow, per item. The work may return bytes to leave out. */
async function grown(client: Redis, items: number, work: () => Promise<unknown>): Promise<number> {
  const before = await used(client);
  const result = await work();
  const without = typeof result === 'number' ? result : 0;
  return ((await used(client)) - before - without) / items;
}

/** Microseconds of the server's CPU time, per call. Background threads, which write the file, are left out. */
async function perCall(client: Redis, calls: number, work: () => Promise<void>): Promise<number> {
  const cpu = async () => {
    const info = await client.info('cpu');
    const field = (name: string) => Number(new RegExp(`^${name}_main_thread:([\\d.]+)`, 'm').exec(info)?.[1]);
    return field('used_cpu_user') + field('used_cpu_sys');
  };
  const before = await cpu();
  await work();
  return ((await cpu()) - before) * (1_000_000 / calls);
}
