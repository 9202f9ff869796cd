import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCache } from '#redis/cache/cache.js';
import { nodeKey, sessionKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import { createRateLimiter } from '#redis/limits/rate-limiter.js';
import { createSlowModes } from '#redis/limits/slow-modes.js';
import { createDirectory } from '#redis/presence/directory.js';
import { createPresence } from '#redis/presence/presence.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { createSessions, sessionIdOf } from '#redis/sessions/sessions.js';
import { draft } from '#test/redis/fixture.js';
import { slotOf } from '#test/support/key-slot.js';
import { until } from '#test/support/until.js';
import { type ClusterFixture, startClusterFixture } from './fixture.js';

const HEARTBEAT_MS = 300;

let redis: ClusterFixture;
let nodes: [Servers, Servers];
/** Two rooms on each shard. */
let rooms: string[];

beforeAll(async () => {
  redis = await startClusterFixture();
  nodes = [await redis.connect(), await redis.connect()];
  rooms = (await redis.cluster.shards()).flatMap((shard) => redis.cluster.roomsOn(shard, 2));
});
afterAll(() => redis.close());
beforeEach(() => redis.flush());

function directoryOf(servers: Servers) {
  return createDirectory({
    servers,
    cache: redis.use(createCache({ servers })),
    maxRooms: 100,
  });
}

function presenceOf(servers: Servers, nodeId: string) {
  const presence = redis.use(createPresence({ servers, nodeId, heartbeatMs: HEARTBEAT_MS }));
  presence.start();
  return presence;
}

describe('presence', () => {
  test('counts connections of two nodes in rooms on every shard, and those of a node until it leaves', async () => {
    const [one, two] = [presenceOf(nodes[0], 'one'), presenceOf(nodes[1], 'two')];
    const { connectionCounts } = directoryOf(nodes[0]);
    for (const roomId of rooms) {
      one.join(roomId, 'a');
      two.join(roomId, 'b');
      two.join(roomId, 'c');
    }
    const counted = async (count: number) =>
      (await connectionCounts(rooms)).every((found) => found === count);
    await until(() => counted(3), { what: 'all connections to be counted' });
    await two.close();
    await until(() => counted(1), { what: 'the connections of a node to be removed' });
    await one.close();
    await until(() => counted(0), { what: 'all connections to be removed' });
  });

  test('forgets the connections of a node that died, and keeps those of the others', async () => {
    const dead = presenceOf(await redis.connect(), 'dead');
    const alive = presenceOf(nodes[0], 'alive');
    const { connectionCounts } = directoryOf(nodes[0]);
    for (const roomId of rooms) {
      dead.join(roomId, 'a');
      alive.join(roomId, 'b');
    }
    const counts = () => connectionCounts(rooms);
    await until(async () => (await counts()).every((count) => count === 2), { what: 'both nodes' });
    await dead.close();
    // As if it had been killed: its connections are there, and its heartbeat is not.
    for (const roomId of rooms) {
      const key = `connections:${roomId}`;
      await redis.cluster.cliFor(key, 'SADD', key, 'dead:a');
    }
    expect(await redis.cluster.cliFor(nodeKey('dead'), 'EXISTS', nodeKey('dead'))).toBe('0');
    await until(async () => (await counts()).every((count) => count === 1), {
      what: 'the dead node to be swept',
      timeout: 40_000,
    });
  });
});

test('the list of active rooms has the rooms of every shard, those with most connections first', async () => {
  const [servers] = nodes;
  const presence = presenceOf(servers, 'one');
  const eventLog = redis.use(createEventLog({ servers, historyLimit: 100, ttlSeconds: 60 }));
  for (const roomId of rooms) await eventLog.append(draft('hello', { roomId }));
  const busiest = rooms.at(-1)!;
  presence.join(busiest, 'a');
  const { activeRooms } = directoryOf(nodes[1]);
  await until(async () => (await activeRooms(100)).length === rooms.length, { what: 'all rooms' });
  const byId = (a: string, b: string) => (a < b ? -1 : 1);
  const expected = [busiest, ...rooms.slice(0, -1).sort(byId)];
  await until(async () => (await activeRooms(100)).join() === expected.join(), { what: 'the order' });
  expect(await activeRooms(2)).toEqual(expected.slice(0, 2));
  await presence.close();
});

test('the newest message of each room is found on every shard', async () => {
  const [servers] = nodes;
  const eventLog = redis.use(createEventLog({ servers, historyLimit: 100, ttlSeconds: 60 }));
  const sent = [];
  for (const roomId of rooms) sent.push(await eventLog.append(draft('hello', { roomId })));
  expect(await eventLog.lastMessages(rooms)).toEqual(sent);
  expect(await eventLog.heads(rooms)).toMatchObject(sent.map(({ id }) => ({ head: id })));
});

test('sessions on every shard are found by each node, and end for all', async () => {
  const [one, two] = nodes.map(({ commands }) => createSessions({ commands, ttlMs: 60_000 }));
  const started = await Promise.all(Array.from({ length: 20 }, () => one!.start('Ann', ['moderator'])));
  const ids = started.map(({ token }) => sessionIdOf(token));
  const parts = new Set(ids.map((id) => Math.floor(slotOf(sessionKey(id)) / 5_462)));
  expect(parts.size).toBe(3);
  for (const { token, user } of started) expect((await two!.find(token))?.user).toEqual(user);
  await one!.end(ids[3]!);
  await one!.end(ids[7]!);
  expect(new Set(await two!.findEnded(ids))).toEqual(new Set([ids[3], ids[7]]));
});

test('limits per address and slow modes hold over all nodes', async () => {
  const limits = { connections: limit(5), sessions: limit(5), rooms: limit(2) };
  const limiters = nodes.map((servers) =>
    createRateLimiter({ servers, limits, timeoutMs: 2_000, onFailure: 'closed' }),
  );
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
    const take = (number: number) => limiters[number % 2]!.take('connections', address);
    for (let number = 0; number < 5; number += 1) await take(number);
    await expect(take(5)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await limiters[0]!.takeRoom('new1', address);
    await limiters[1]!.takeRoom('new2', address);
    await expect(limiters[0]!.takeRoom('new3', address)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  }
  const slowModes = nodes.map(({ commands }) => createSlowModes({ commands, ttlMs: 60_000 }));
  for (const [index, roomId] of rooms.entries()) await slowModes[0]!.set(roomId, index + 1);
  expect(await slowModes[1]!.of(rooms)).toEqual(rooms.map((_, index) => index + 1));
});

test('a value that everybody reads is loaded once for all nodes', async () => {
  let loads = 0;
  const values = nodes.map((servers) =>
    redis.use(createCache({ servers })).value({
      name: 'shared',
      load: async () => {
        loads += 1;
        return loads;
      },
      parse: (stored) => Number(stored),
    }),
  );
  const reads = Array.from({ length: 100 }, (_, index) => values[index % 2]!.read());
  expect(new Set(await Promise.all(reads))).toEqual(new Set([1]));
  expect(loads).toBe(1);
});

function limit(count: number) {
  return { count, windowMs: 60_000 };
}
