/** Measures what the list of active rooms costs with 20,000 rooms: read from Redis each time, and from the cache. */
import { Redis } from 'ioredis';
import { createCache } from '#redis/cache/cache.js';
import { activeRoomsKey, connectionsKey } from '#redis/client/keys.js';
import { createDirectory } from '#redis/presence/directory.js';
import { listActiveRooms } from '#redis/presence/list-active-rooms.js';
import { openServers } from '#redis/servers.js';
import { startRedis } from '../../test/support/redis-server.js';
import type { Figures } from './measure-redis.js';

const ROOMS = 20_000;
/** ROOM_COUNT_LIMIT. */
const LIMIT = 500;
const NODES = 2;
const LOADS = 10_000;

/** Measures on a server of its own, which ends with this call. */
export async function measureActiveRooms(): Promise<Figures> {
  const redis = await startRedis({ plain: true });
  const client = new Redis(redis.port, '127.0.0.1', { enableAutoPipelining: true });
  const nodes = Array.from({ length: NODES }, () => openServers({ url: redis.url }));
  const caches = nodes.map((servers) => createCache({ servers }));
  try {
    await Promise.all(nodes.map((servers) => servers.ready(10_000)));
    const rooms = Array.from({ length: ROOMS }, (_, index) => `room${index}`);
    await Promise.all(rooms.map((room) => client.sadd(activeRoomsKey(room, false), room)));
    await Promise.all(rooms.map((room) => client.sadd(connectionsKey(room), 'node:1')));

    const directories = nodes.map((servers, index) =>
      createDirectory({ servers, cache: caches[index]!, maxRooms: LIMIT }),
    );
    const read = () => listActiveRooms(nodes[0]!, { limit: LIMIT });
    const load = (index: number) => directories[index % NODES]!.activeRooms(LIMIT);
    await read();
    const without = await cost(client, 10, read);
    const cached = await cost(client, LOADS, load);
    return {
      'activeRooms without the cache: ms of a node': without.node / 1_000,
      'activeRooms without the cache: ms of Redis': without.redis / 1_000,
      'activeRooms without the cache: commands': without.commands,
      [`activeRooms, ${LOADS} loads on ${NODES} nodes: ms of the nodes`]: (cached.node * LOADS) / 1_000,
      [`activeRooms, ${LOADS} loads on ${NODES} nodes: ms of Redis`]: (cached.redis * LOADS) / 1_000,
      [`activeRooms, ${LOADS} loads on ${NODES} nodes: commands`]: cached.commands * LOADS,
      [`activeRooms, ${LOADS} loads on ${NODES} nodes: ms in all`]: cached.tookMs,
    };
  } finally {
    client.disconnect();
    await Promise.all(caches.map((cache) => cache.close()));
    await Promise.all(nodes.map((servers) => servers.close()));
    await redis.close();
  }
}

/** CPU time in microseconds and commands of Redis, for each of `count` calls that begin together. */
async function cost(client: Redis, count: number, call: (index: number) => Promise<unknown>) {
  const before = await stateOf(client);
  const own = process.cpuUsage();
  const beganAt = performance.now();
  await Promise.all(Array.from({ length: count }, (_, index) => call(index)));
  const tookMs = performance.now() - beganAt;
  const { user, system } = process.cpuUsage(own);
  const after = await stateOf(client);
  return {
    tookMs,
    node: (user + system) / count,
    redis: (after.cpu - before.cpu) / count,
    commands: (after.commands - before.commands) / count,
  };
}

async function stateOf(client: Redis): Promise<{ cpu: number; commands: number }> {
  const info = await client.info();
  const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  const cpu = (field('used_cpu_user') + field('used_cpu_sys')) * 1_000_000;
  return { cpu, commands: field('total_commands_processed') };
}
