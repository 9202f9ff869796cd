import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ROOMS_AT_ONCE } from '#redis/client/active-rooms.js';
import type { Servers } from '#redis/client/servers.js';
import { listActiveRooms } from '#redis/presence/list-active-rooms.js';
import { sweep } from '#redis/presence/sweep.js';
import { callsOf, fillRooms } from '#test/redis/commands.js';
import { type Fixture, startFixture } from '#test/redis/fixture.js';

let redis: Fixture;
let commands: Redis;
let servers: Servers;

beforeAll(async () => {
  redis = await startFixture();
  ({ commands, servers } = await redis.connect());
});
afterAll(() => redis.close());
beforeEach(() => commands.flushall());

describe('the active rooms', () => {
  test('hold messages or connections, and are sorted by connections, then by id', async () => {
    await commands.sadd('rooms:active', 'z', 'a', 'b', 'c', 'empty');
    await commands.sadd('connections:b', 'n1:1', 'n1:2', 'n2:1');
    await commands.sadd('connections:c', 'n1:1');
    await commands.lpush('messages:a', 'x');
    await commands.lpush('messages:z', 'x');
    expect(await listActiveRooms(servers, { limit: 10 })).toEqual(['b', 'c', 'a', 'z']);
    expect(await listActiveRooms(servers, { limit: 2 })).toEqual(['b', 'c']);
    expect(await listActiveRooms(servers, { limit: 3 })).toEqual(['b', 'c', 'a']);
    expect(await listActiveRooms(servers, { limit: 0 })).toEqual([]);
  });

  test('are listed despite a key of the wrong type, which counts as empty', async () => {
    await commands.sadd('rooms:active', 'a', 'broken', 'hidden');
    await commands.set('connections:broken', 'x');
    await commands.set('connections:hidden', 'x');
    await commands.lpush('messages:broken', 'x');
    await commands.sadd('connections:a', 'n1:1');
    expect(await listActiveRooms(servers, { limit: 10 })).toEqual(['a', 'broken']);
  });

  test('are scanned in batches that block neither the event loop nor other clients', async () => {
    await fillRooms(commands, 20_000);
    await commands.sadd('connections:room777', 'n1:1', 'n1:2');
    await commands.sadd('connections:room15000', 'n1:1');
    await commands.config('RESETSTAT');
    const other = await redis.connect();
    let isOver = false;
    let turns = 0;
    let pings = 0;
    const counting = (async () => {
      for (; !isOver; turns += 1) await nextTurn();
    })();
    const pinging = (async () => {
      for (; !isOver; pings += 1) await other.commands.ping();
    })();
    const rooms = await listActiveRooms(servers, { limit: 500 });
    isOver = true;
    await Promise.all([counting, pinging]);

    expect(rooms.slice(0, 4)).toEqual(['room777', 'room15000', 'room0', 'room1']);
    expect(rooms).toHaveLength(500);
    expect(await callsOf(commands, 'smembers')).toBe(0);
    const slices = await callsOf(commands, 'sscan');
    expect(slices).toBeGreaterThan(20_000 / ROOMS_AT_ONCE / 2);
    expect(turns).toBeGreaterThan(slices);
    expect(pings).toBeGreaterThan(slices / 2);
    // Most rooms without connections are too far down the list to check them for messages.
    expect(await callsOf(commands, 'exists')).toBeLessThan(10_000);
  });

  test('are not scanned further once the signal is aborted', async () => {
    await fillRooms(commands, 2_000);
    await commands.config('RESETSTAT');
    await listActiveRooms(servers, { limit: 500, signal: AbortSignal.abort() });
    expect(await callsOf(commands, 'sscan')).toBe(1);
  });
});

test('a sweep scans many rooms in batches and removes all empty ones', async () => {
  const empty = Array.from({ length: 3_000 }, (_, index) => `empty${index}`);
  await commands.sadd('rooms:active', ...empty);
  await fillRooms(commands, 3_000);
  await commands.config('RESETSTAT');
  await sweep(servers);
  expect(await callsOf(commands, 'smembers')).toBe(0);
  expect(await callsOf(commands, 'sscan')).toBeGreaterThan(3);
  expect(await commands.scard('rooms:active')).toBe(3_000);
});
