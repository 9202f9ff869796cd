import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCache } from '#redis/cache/cache.js';
import { ROOMS_AT_ONCE } from '#redis/client/active-rooms.js';
import { createDirectory } from '#redis/presence/directory.js';
import { callsOf, fillRooms } from '#test/redis/commands.js';
import { type Fixture, startFixture, type TestNode } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

let redis: Fixture;
let nodes: TestNode[];

beforeAll(async () => {
  redis = await startFixture();
  nodes = [await redis.connect(), await redis.connect()];
});
afterAll(() => redis.close());
beforeEach(() => nodes[0]!.commands.flushall());

function activeRooms({ servers }: TestNode, maxRooms = 500) {
  const cache = redis.use(createCache({ servers, hooks: redis.hooks }));
  return createDirectory({ servers, cache, maxRooms }).activeRooms;
}

describe('the list of active rooms', () => {
  test('is loaded once for ten thousand queries on two nodes with 5,000 rooms', async () => {
    const { commands } = nodes[0]!;
    await fillRooms(commands, 5_000);
    await commands.config('RESETSTAT');
    const lists = nodes.map((node) => activeRooms(node));
    const answers = await Promise.all(Array.from({ length: 10_000 }, (_, index) => lists[index % 2]!(3)));
    expect(answers).toEqual(Array(10_000).fill(['room0', 'room1', 'room10']));
    // One scan of the set, not ten thousand, and not one per node.
    const parts = await callsOf(commands, 'sscan');
    expect(parts).toBeGreaterThan(5_000 / ROOMS_AT_ONCE / 2);
    expect(parts).toBeLessThan((5_000 / ROOMS_AT_ONCE) * 1.5);
    expect(await callsOf(commands, 'scard')).toBeLessThan(5_500);
  });

  test('includes a new room soon, on every node', async () => {
    const { commands } = nodes[0]!;
    const lists = nodes.map((node) => activeRooms(node));
    await Promise.all(lists.map((list) => list(10)));
    await fillRooms(commands, 1);
    for (const list of lists) {
      await until(async () => (await list(10)).includes('room0'), { what: 'the new room' });
    }
  });

  test('has the requested length, up to the limit of the node', async () => {
    await fillRooms(nodes[0]!.commands, 20);
    const list = activeRooms(nodes[0]!, 10);
    expect(await list(0)).toEqual([]);
    expect(await list(2)).toEqual(['room0', 'room1']);
    expect(await list(10)).toHaveLength(10);
    // A node with a different limit loads its own list, because this one would be too short.
    expect(await activeRooms(nodes[1]!, 15)(15)).toHaveLength(15);
  });

  test('throws SERVICE_UNAVAILABLE if Redis is down and no list is known', async () => {
    const other = await startFixture();
    try {
      const node = await other.connect({ commandTimeoutMs: 300 });
      await other.server.kill();
      await until(() => node.commands.status !== 'ready', { what: 'the connection to be lost' });
      await expect(activeRooms(node)(5)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    } finally {
      await other.close();
    }
  });
});
