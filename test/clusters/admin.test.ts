import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '#cli/run.js';
import { warningsOf } from '#redis/admin/health.js';
import { createInfoReader } from '#redis/admin/info.js';
import { clearRoom, inspectRoom, listRooms } from '#redis/admin/inspect.js';
import { activeRoomsKey, connectionsKey, messagesKey, nodeKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { addRedisGauges } from '#telemetry/redis-gauges.js';
import { draft } from '#test/redis/fixture.js';
import type { Shard } from '#test/support/cluster.js';
import { isSecuredRun } from '#test/support/secured-redis.js';
import { until } from '#test/support/until.js';
import { type ClusterFixture, startClusterFixture } from './fixture.js';

let redis: ClusterFixture;
let servers: Servers;
let shards: Shard[];
/** One room on each shard. */
let rooms: string[];

beforeAll(async () => {
  redis = await startClusterFixture({ replicas: 0 });
  servers = await redis.connect();
  shards = await redis.cluster.shards();
  rooms = shards.map((shard) => redis.cluster.roomsOn(shard, 1)[0]!);
  const eventLog = redis.use(createEventLog({ servers, historyLimit: 100, ttlSeconds: 60 }));
  for (const roomId of rooms) {
    await eventLog.append(draft('hello', { roomId }));
    await servers.commands.sadd(connectionsKey(roomId), 'n1:c1');
  }
  await servers.commands.set(nodeKey('n1'), '1');
  await until(async () => (await listRooms(servers, { limit: 10, decode: decodeEntry })).total === 3, {
    what: 'all rooms to be listed',
  });
});
afterAll(() => redis.close());

const names = () => shards.map(({ primary }) => primary.address).sort();

async function run(...argv: string[]) {
  const printed = { out: '', error: '' };
  const terminal = {
    env: { REDIS_CLUSTER_NODES: redis.cluster.addresses },
    width: undefined,
    ask: undefined,
    out: (text: string) => {
      printed.out += text;
    },
    error: (text: string) => {
      printed.error += text;
    },
  };
  const code = await runCommand(argv, terminal, new AbortController().signal);
  return { code, ...printed };
}

test('an operator sees the rooms of all shards, each with the age by the clock of its own', async () => {
  const listed = await listRooms(servers, { limit: 10, decode: decodeEntry });
  expect(listed.rooms.map(({ id }) => id).sort()).toEqual([...rooms].sort());
  for (const room of listed.rooms) {
    expect(room).toMatchObject({ connections: 1, messages: 1 });
    expect(room.lastMessageAgeMs).toBeLessThan(60_000);
    expect(await inspectRoom(servers, room.id, { latest: 5, decode: decodeEntry })).toMatchObject({
      id: room.id,
      messages: 1,
      nodes: [{ id: 'n1', connections: 1, alive: true }],
      latest: [{ content: 'hello' }],
    });
  }
});

test('INFO is read from each shard, and its metrics are labelled with it', async () => {
  const info = redis.use(createInfoReader({ servers, everyMs: 50 }));
  const registry = new Registry();
  addRedisGauges(registry, () => info.latest);
  info.start();
  await until(() => info.latest.size === 3, { what: 'INFO of all shards' });
  expect([...info.latest.keys()].sort()).toEqual(names());
  const text = await registry.metrics();
  for (const name of names()) {
    expect(text).toContain(`streamly_redis_up{shard="${name}"} 1\n`);
    expect(text).toContain(`streamly_redis_memory_used_bytes{shard="${name}"} `);
  }
  expect(text).not.toMatch(/^streamly_redis_up \d/m);
});

test('warnings name the shard that they are about', async () => {
  expect(await warningsOf(servers)).toEqual([]);
  const [first] = shards;
  await first!.primary.cli('CONFIG', 'SET', 'maxmemory', '100mb');
  await first!.primary.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  const name = first!.primary.address;
  expect(await warningsOf(servers)).toEqual([
    expect.stringMatching(new RegExp(`^Shard ${name}: .*noeviction`)),
  ]);
  await first!.primary.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
});

describe.skipIf(isSecuredRun)('the command-line tool', () => {
  test('works on a Cluster', async () => {
    const listed = await run('rooms', '--json');
    expect(listed).toMatchObject({ code: 0, error: '' });
    expect(JSON.parse(listed.out)).toMatchObject({ total: 3 });
    expect(await run('inspect', rooms[1]!)).toMatchObject({ code: 0, out: expect.stringContaining('hello') });
    expect(await run('sweep', '--json')).toMatchObject({
      code: 0,
      out: `{"removed":{"connections":0,"rooms":0},"left":{"rooms":3,"connections":3}}\n`,
    });
  });
});

test('clearing a room removes it from the list, wherever that is', async () => {
  const [roomId] = rooms;
  await servers.commands.del(connectionsKey(roomId!));
  expect(await clearRoom(servers, roomId!)).toBe(1);
  const key = activeRoomsKey(roomId!, true);
  expect(await redis.cluster.cliFor(key, 'SISMEMBER', key, roomId!)).toBe('0');
});

// The last test: nothing brings the shard back.
test('while a shard is away, its metrics say so, and the others are shown', async () => {
  const info = redis.use(createInfoReader({ servers, everyMs: 50 }));
  const registry = new Registry();
  addRedisGauges(registry, () => info.latest);
  info.start();
  await shards[0]!.primary.kill();
  const name = shards[0]!.primary.address;
  await until(async () => (await registry.metrics()).includes(`streamly_redis_up{shard="${name}"} 0\n`), {
    what: 'the shard to be missed',
  });
  const text = await registry.metrics();
  expect(text).not.toContain(`streamly_redis_keys{shard="${name}"}`);
  for (const other of names().filter((each) => each !== name)) {
    expect(text).toContain(`streamly_redis_up{shard="${other}"} 1\n`);
    expect(text).toContain(`streamly_redis_keys{shard="${other}"} `);
  }
  const listed = await listRooms(servers, { limit: 10, decode: decodeEntry });
  expect(listed.rooms.map(({ id }) => id)).not.toContain(rooms[0]);
  if (isSecuredRun) return;
  const printed = await run('rooms', '--json');
  expect(printed).toMatchObject({ code: 0, error: expect.stringContaining(name) });
  expect(servers.isConnected(messagesKey(rooms[1]!))).toBe(true);
});
