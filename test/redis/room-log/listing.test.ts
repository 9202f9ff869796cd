import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { retireEmptyRooms } from '#redis/client/active-rooms.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { callsOf } from '#test/redis/commands.js';
import { draft, type Fixture, startFixture, type TestNode } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

let redis: Fixture;
let node: TestNode;
beforeEach(async () => {
  redis = await startFixture();
  node = await redis.connect();
});
afterEach(() => redis.close());

function eventLogOf({ servers }: TestNode) {
  return redis.use(createEventLog({ servers, historyLimit: 100, ttlSeconds: 60, hooks: redis.hooks }));
}

const active = async () => (await node.commands.smembers('rooms:active')).sort();

function isListed(...roomIds: string[]): Promise<unknown> {
  return until(async () => (await active()).join() === roomIds.join(), { what: `${roomIds} to be listed` });
}

describe('a room', () => {
  test('is listed by its first message and, on each node, by one a minute', async () => {
    const logs = [eventLogOf(node), eventLogOf(await redis.connect())];
    await logs[0]!.append(draft('begins'));
    await isListed('room1');
    await node.commands.config('RESETSTAT');
    for (let count = 0; count < 50; count += 1) {
      for (const log of logs) await log.append(draft(`${count}`));
    }
    expect(await callsOf(node.commands, 'evalsha')).toBe(100);
    expect(await callsOf(node.commands, 'sadd')).toBe(1);
  });

  test('is listed again if its messages expired and another node has removed it', async () => {
    const log = eventLogOf(node);
    await log.append(draft('a'));
    await isListed('room1');
    await node.commands.del('messages:room1');
    await retireEmptyRooms((await redis.connect()).servers, ['room1']);
    expect(await active()).toEqual([]);
    await log.append(draft('b'));
    await isListed('room1');
  });

  test('is listed again after Redis was flushed', async () => {
    const log = eventLogOf(node);
    await log.append(draft('a'));
    await isListed('room1');
    await node.commands.flushall();
    await log.append(draft('b'));
    await isListed('room1');
  });

  test('is listed again after a restart that lost only the list', async () => {
    const log = eventLogOf(node);
    await log.append(draft('a'));
    await isListed('room1');
    // As after a failover to a replica that had the messages, but not yet the list.
    const kept = await node.commands.lrange('messages:room1', 0, -1);
    await redis.server.restart();
    await until(() => node.commands.rpush('messages:room1', ...kept), { what: 'Redis to be back' });
    await log.append(draft('b'));
    await isListed('room1');
  });

  test('is listed by the next message if it could not be listed, and the failure is reported once', async () => {
    const log = eventLogOf(node);
    await redis.server.cli('acl', 'setuser', redis.server.tester, '-sadd');
    for (const content of ['a', 'b', 'c']) {
      await log.append(draft(content));
      await until(() => redis.reported.length === 1, { what: 'the failure to be reported' });
    }
    expect(redis.reported).toEqual([expect.stringMatching(/^onError rooms:active .*NOPERM/)]);
    await redis.server.cli('acl', 'setuser', redis.server.tester, '+sadd');
    await until(async () => (await log.append(draft('d'))) && (await active()).length === 1, {
      what: 'the room to be listed',
    });
  });

  test('is listed by a repeated message, because the reply to the first one may have been lost', async () => {
    const [log, other] = [eventLogOf(node), eventLogOf(await redis.connect())];
    await other.append(draft('earlier'));
    await isListed('room1');
    await node.commands.del('messages:room1');
    await log.append(draft('once', { nonce: 'n' }));
    await isListed('room1');
    await node.commands.srem('rooms:active', 'room1');
    await other.append(draft('once', { nonce: 'n' }));
    await isListed('room1');
  });
});

test('every room with messages is listed, while nodes send to them and retire them at the same time', async () => {
  const nodes = [node, await redis.connect(), await redis.connect()];
  const logs = nodes.map(eventLogOf);
  const rooms = Array.from({ length: 20 }, (_, index) => `room${index}`);
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(
      rooms.map(async (roomId, index) => {
        const log = logs[(index + round) % 3]!;
        const { servers, commands } = nodes[(index + round + 1) % 3]!;
        await commands.del(`messages:${roomId}`);
        await Promise.all([log.append(draft('a', { roomId })), retireEmptyRooms(servers, [roomId])]);
      }),
    );
  }
  await isListed(...rooms.sort());
});
