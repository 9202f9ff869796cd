/** What the parts of a node do while one shard of a Cluster is away that has no replica, and when it is back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCache } from '#redis/cache/cache.js';
import { activeRoomsKey, connectionsKey, messagesKey, nodeKey, SWEEP_LOCK } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import { createSlowModes } from '#redis/limits/slow-modes.js';
import { createDirectory } from '#redis/presence/directory.js';
import { listActiveRooms } from '#redis/presence/list-active-rooms.js';
import { createPresence } from '#redis/presence/presence.js';
import { sweep } from '#redis/presence/sweep.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft } from '#test/redis/fixture.js';
import type { Shard } from '#test/support/cluster.js';
import { slotOf } from '#test/support/key-slot.js';
import { until } from '#test/support/until.js';
import { type ClusterFixture, startClusterFixture } from './fixture.js';

let redis: ClusterFixture;
let servers: Servers;
let shards: Shard[];

beforeEach(async () => {
  redis = await startClusterFixture({ replicas: 0 });
  servers = await redis.connect();
  shards = await redis.cluster.shards();
});
afterEach(() => redis.close());

const UNAVAILABLE = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' });

const indexOf = (key: string) =>
  shards.findIndex(({ ranges }) => ranges.some(([from, to]) => from <= slotOf(key) && slotOf(key) <= to));

/** Rooms with all of these keys on the shards of these numbers. */
function roomsWith(
  count: number,
  where: { messages?: number; connections?: number; list?: number },
): string[] {
  const found: string[] = [];
  for (let number = 0; found.length < count; number += 1) {
    const roomId = `room${number}`;
    const actual = {
      messages: indexOf(messagesKey(roomId)),
      connections: indexOf(connectionsKey(roomId)),
      list: indexOf(activeRoomsKey(roomId, true)),
    };
    const names = Object.keys(where) as (keyof typeof where)[];
    if (names.every((name) => actual[name] === where[name])) found.push(roomId);
  }
  return found;
}

/** A node id whose heartbeat is on the shard of this number. */
const nodeOn = (shard: number) =>
  Array.from({ length: 100 }, (_, index) => `node${index}`).find((id) => indexOf(nodeKey(id)) === shard)!;

function eventLogOf() {
  return redis.use(createEventLog({ servers, historyLimit: 100, ttlSeconds: 60 }));
}

function presenceOf(nodeId: string, heartbeatMs = 200) {
  const hooks = {
    onError: (where: string, error: unknown) => void redis.reported.push(`${where}: ${error}`),
  };
  const presence = redis.use(createPresence({ servers, nodeId, heartbeatMs, hooks }));
  presence.start();
  return presence;
}

async function membersOf(roomId: string): Promise<string> {
  const reply = await redis.cluster.cliFor(connectionsKey(roomId), 'SMEMBERS', connectionsKey(roomId));
  return reply.split('\n').sort().join();
}

function settles(roomId: string, expected: string): Promise<unknown> {
  return until(async () => (await membersOf(roomId)) === expected, {
    what: `${roomId} to hold ${expected}`,
    timeout: 30_000,
  });
}

async function isListed(roomId: string): Promise<boolean> {
  const key = activeRoomsKey(roomId, true);
  return (await redis.cluster.cliFor(key, 'SISMEMBER', key, roomId)) === '1';
}

/** Kills a shard and waits until the node has noticed. */
async function kill(shard: number): Promise<void> {
  await shards[shard]!.primary.kill();
  const [roomId] = roomsWith(1, { messages: shard });
  await until(() => !servers.isConnected(messagesKey(roomId!)), { what: 'the shard to be away' });
}

describe('while a shard is away', () => {
  test('reads of many rooms fail for its rooms only', async () => {
    const eventLog = eventLogOf();
    const slowModes = createSlowModes({ commands: servers.commands, ttlMs: 60_000 });
    const directory = createDirectory({ servers, cache: redis.use(createCache({ servers })), maxRooms: 10 });
    const [here, away] = [1, 0].map((shard) => roomsWith(1, { messages: shard, connections: shard })[0]!);
    const rooms = [away!, here!, away!];
    const sent = await eventLog.append(draft('a', { roomId: here! }));
    await eventLog.append(draft('b', { roomId: away! }));
    await slowModes.set(here!, 7);
    await kill(0);
    expect(await eventLog.lastMessages(rooms)).toEqual([UNAVAILABLE, sent, UNAVAILABLE]);
    expect(await eventLog.heads(rooms)).toMatchObject([UNAVAILABLE, { head: sent.id }, UNAVAILABLE]);
    expect(await directory.connectionCounts(rooms)).toEqual([UNAVAILABLE, 0, UNAVAILABLE]);
    expect(await slowModes.of(rooms)).toEqual([UNAVAILABLE, 7, UNAVAILABLE]);
    await expect(eventLog.lastMessages([away!])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(eventLog.append(draft('c', { roomId: away! }))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    await eventLog.append(draft('c', { roomId: here! }));
  });

  test('the list of active rooms has those of the others', async () => {
    const eventLog = eventLogOf();
    const rooms = Array.from({ length: 60 }, (_, index) => `room${index}`);
    for (const roomId of rooms) await eventLog.append(draft('a', { roomId }));
    await until(async () => (await listActiveRooms(servers, { limit: 100 })).length === 60, { what: 'all' });
    await kill(0);
    const isAway = (roomId: string) =>
      [messagesKey(roomId), connectionsKey(roomId), activeRoomsKey(roomId, true)].some(
        (key) => indexOf(key) === 0,
      );
    const expected = rooms.filter((roomId) => !isAway(roomId)).sort();
    expect(expected.length).toBeGreaterThan(0);
    expect(await listActiveRooms(servers, { limit: 100 })).toEqual(expected);
    // Wherever the shared list is stored.
    const directory = createDirectory({ servers, cache: redis.use(createCache({ servers })), maxRooms: 100 });
    expect(await directory.activeRooms(100)).toEqual(expected);
  });

  test('sends, and changes of who is there, go on in the rooms of the others, and cost as much as before', async () => {
    const eventLog = eventLogOf();
    // A sweep scans the list of rooms too, and could be under way when the shard is killed.
    await servers.commands.set(SWEEP_LOCK, '1', 'PX', 60_000);
    const presence = presenceOf(nodeOn(0));
    const nodeId = nodeOn(0);
    const [here] = roomsWith(1, { messages: 1, connections: 1, list: 1 });
    const [unlisted] = roomsWith(1, { messages: 1, connections: 1, list: 0 });
    const away = roomsWith(50, { connections: 0 });
    for (const roomId of [here!, ...away]) presence.join(roomId, 'c1');
    for (const roomId of [here!, ...away]) await settles(roomId, `${nodeId}:c1`);
    await kill(0);
    const other = shards[1]!.primary;
    await other.cli('CONFIG', 'RESETSTAT');
    for (const roomId of [here!, unlisted!, ...away]) presence.join(roomId, 'c2');
    await settles(here!, `${nodeId}:c1,${nodeId}:c2`);
    await settles(unlisted!, `${nodeId}:c2`);
    // What was under way when the shard was killed may have been reported.
    const reportedBefore = redis.reported.length;
    await eventLog.append(draft('a', { roomId: here! }));
    for (let count = 0; count < 5; count += 1) {
      presence.leave(here!, 'c2');
      await settles(here!, `${nodeId}:c1`);
      presence.join(here!, 'c2');
      await settles(here!, `${nodeId}:c1,${nodeId}:c2`);
    }
    // A full synchronization would scan the list of rooms.
    const stats = await other.cli('INFO', 'commandstats');
    expect(Number(/cmdstat_sscan:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBe(0);
    // The connections report the outage.
    const reported = redis.reported.slice(reportedBefore);
    expect(reported.filter((text) => /^(heartbeat|sweep)/.test(text))).toEqual([]);
  });

  test('a sweep removes neither its rooms nor the connections of a node whose heartbeat it has', async () => {
    const presence = presenceOf(nodeOn(0), 60_000);
    const dead = nodeOn(1);
    const [here] = roomsWith(1, { connections: 1, messages: 1, list: 1 });
    const [away] = roomsWith(1, { messages: 0, connections: 1, list: 1 });
    presence.join(here!, 'c1');
    await settles(here!, `${nodeOn(0)}:c1`);
    await servers.commands.sadd(connectionsKey(here!), `${dead}:c1`);
    await eventLogOf().append(draft('a', { roomId: away! }));
    await until(() => isListed(away!), { what: 'the room to be listed' });
    await kill(0);
    await sweep(servers);
    expect(await membersOf(here!)).toBe(`${nodeOn(0)}:c1`);
    expect(await isListed(away!)).toBe(true);
  });
});

describe('when a shard is back', () => {
  test('and has lost its data, it gets all connections and listed rooms again', async () => {
    const nodeId = nodeOn(1);
    const presence = presenceOf(nodeId);
    const rooms = [
      ...roomsWith(5, { connections: 0 }),
      ...roomsWith(5, { connections: 1, list: 0 }),
      ...roomsWith(5, { connections: 2, list: 2 }),
    ];
    for (const roomId of rooms) presence.join(roomId, 'c1');
    for (const roomId of rooms) await settles(roomId, `${nodeId}:c1`);
    await kill(0);
    presence.join(rooms[0]!, 'c2');
    presence.leave(rooms[1]!, 'c1');
    await shards[0]!.primary.restart();
    await settles(rooms[0]!, `${nodeId}:c1,${nodeId}:c2`);
    await settles(rooms[1]!, '');
    for (const roomId of rooms.slice(2)) await settles(roomId, `${nodeId}:c1`);
    for (const roomId of [rooms[0]!, ...rooms.slice(2)]) {
      await until(() => isListed(roomId), { what: `${roomId} to be listed` });
    }
  });

  test('and has kept its data, connections that left meanwhile are removed, and no others', async () => {
    const nodeId = nodeOn(0);
    const presence = presenceOf(nodeId);
    const rooms = roomsWith(5, { connections: 0 });
    for (const roomId of rooms) presence.join(roomId, 'c1');
    for (const roomId of rooms) await settles(roomId, `${nodeId}:c1`);
    shards[0]!.primary.hang();
    await until(() => !servers.isConnected(connectionsKey(rooms[0]!)), { what: 'the shard to be away' });
    for (const roomId of rooms.slice(1)) presence.leave(roomId, 'c1');
    shards[0]!.primary.resume();
    await settles(rooms[0]!, `${nodeId}:c1`);
    for (const roomId of rooms.slice(1)) await settles(roomId, '');
  });
});

test('a shard that refuses writes does not keep a sweep from the rooms of the others', async () => {
  const dead = nodeOn(1);
  const rooms = [0, 1].map((shard) => roomsWith(20, { connections: shard, list: 1 }));
  for (const roomId of rooms.flat()) {
    await servers.commands.sadd(connectionsKey(roomId), `${dead}:c1`);
    await servers.commands.sadd(activeRoomsKey(roomId, true), roomId);
  }
  await shards[0]!.primary.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
  await expect(sweep(servers)).rejects.toThrow('NOREPLICAS');
  const left = await Promise.all(rooms.map((ids) => Promise.all(ids.map(membersOf))));
  expect(left).toEqual([rooms[0]!.map(() => `${dead}:c1`), rooms[1]!.map(() => '')]);
});

test('a shard that refuses to list its rooms for a while keeps no connection of an earlier run', async () => {
  const nodeId = nodeOn(2);
  const [listed] = roomsWith(1, { connections: 2, list: 2 });
  const [unlisted] = roomsWith(1, { connections: 2, list: 1 });
  for (const roomId of [listed!, unlisted!]) {
    await servers.commands.sadd(connectionsKey(roomId), `${nodeId}:old`);
    await servers.commands.sadd(activeRoomsKey(roomId, true), roomId);
  }
  // Now shard 1 answers CLUSTERDOWN while another shard is away, and it stays connected.
  const [, refusing] = shards;
  await refusing!.primary.cli('CONFIG', 'SET', 'cluster-require-full-coverage', 'yes');
  await kill(0);
  const isRefused = async () =>
    (await servers.commands.exists(activeRoomsKey(unlisted!, true)).catch(String)).toString();
  await until(async () => (await isRefused()).includes('CLUSTERDOWN'), {
    what: 'the refusal',
    timeout: 20_000,
  });
  presenceOf(nodeId);
  await settles(listed!, '');
  expect(await membersOf(unlisted!)).toBe(`${nodeId}:old`);
  await refusing!.primary.cli('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
  await settles(unlisted!, '');
});

describe('a shard that loses its data while it is connected', () => {
  test.each([0, 1, 2])('gets all connections and rooms again: shard %i', async (lost) => {
    const nodeId = nodeOn(0);
    const presence = presenceOf(nodeId);
    const rooms = [0, 1, 2].flatMap((shard) => roomsWith(3, { connections: shard, list: (shard + 1) % 3 }));
    for (const roomId of rooms) presence.join(roomId, 'c1');
    for (const roomId of rooms) await settles(roomId, `${nodeId}:c1`);
    await shards[lost]!.primary.cli('FLUSHALL');
    for (const roomId of rooms) {
      await settles(roomId, `${nodeId}:c1`);
      await until(() => isListed(roomId), { what: `${roomId} to be listed` });
    }
  });

  test('has the rooms listed again that go on', async () => {
    const eventLog = eventLogOf();
    const [roomId] = roomsWith(1, { messages: 0, list: 1 });
    await eventLog.append(draft('a', { roomId: roomId! }));
    await until(() => isListed(roomId!), { what: 'the room to be listed' });
    // The list is lost, the room is not. The connection is lost as well, as in a failover.
    await kill(1);
    await shards[1]!.primary.restart();
    await until(() => servers.isConnected(activeRoomsKey(roomId!, true)), { what: 'the shard to be back' });
    await until(async () => (await eventLog.append(draft('b', { roomId: roomId! }))) && isListed(roomId!), {
      what: 'the room to be listed again',
    });
  });
});
