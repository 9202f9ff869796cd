import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventLog } from '#domain/ports/event-log.js';
import type { RoomDirectory } from '#domain/ports/presence.js';
import { createCache } from '#redis/cache/cache.js';
import { createDirectory } from '#redis/presence/directory.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture, stored, type TestNode } from '#test/redis/fixture.js';

let redis: Fixture;
let node: TestNode;
let eventLog: EventLog;
let directory: RoomDirectory;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
  const { servers } = node;
  directory = createDirectory({
    servers,
    cache: redis.use(createCache({ servers })),
    maxRooms: 500,
  });
  eventLog = createEventLog({ servers, historyLimit: 100, ttlSeconds: 60, hooks: redis.hooks });
});
afterAll(() => redis.close());
beforeEach(async () => {
  await node.commands.flushall();
  redis.reported.length = 0;
});

test('a sent message can be read, and its room is active', async () => {
  const sent = await eventLog.append(draft('hello', { nonce: 'n' }));
  expect(sent).toEqual({ id: sent.id, prev: '0', ...draft('hello', { nonce: 'n' }) });
  expect(await eventLog.append(draft('again', { nonce: 'n' }))).toEqual(sent);
  expect(await eventLog.messages('room1', { take: { last: 5 } })).toEqual({
    messages: [sent],
    hasOlder: false,
    hasNewer: false,
    head: sent.id,
  });
  expect(await redis.server.cli('smembers', 'rooms:active')).toBe('room1');
});

test('an expired cursor is refused with CURSOR_EXPIRED', async () => {
  await eventLog.append(draft('a'));
  const refused = { code: 'CURSOR_EXPIRED', message: expect.stringContaining('5-0') };
  await expect(eventLog.messages('room1', { after: '5-0', take: { first: 5 } })).rejects.toMatchObject(
    refused,
  );
});

test('malformed entries are reported and not delivered', async () => {
  const sent = await eventLog.append(draft('a'));
  const later = Date.now() + 10_000;
  await node.commands.lpush(
    'messages:room1',
    'x',
    `{"id":"${later}-0","prev":"${sent.id}","roomId":5}`,
    stored(`${later}-1`, '0', { roomId: 'room2' }),
  );
  const { messages } = await eventLog.messages('room1', { take: { last: 5 } });
  expect(messages).toEqual([sent]);
  // The first of the three does not even begin like an entry, so the script skips it.
  expect(redis.reported).toEqual(['onMalformed list room1', 'onMalformed list room1']);
});

test('lastMessages returns the newest message of each room', async () => {
  const a = await eventLog.append(draft('a', { roomId: 'a' }));
  await eventLog.append(draft('b1', { roomId: 'b' }));
  const b = await eventLog.append(draft('b2', { roomId: 'b' }));
  await node.commands.lpush('messages:b', 'malformed');
  await node.commands.lpush('messages:old', stored(`${Date.now() - 62_000}-0`, '0', { roomId: 'old' }));
  await node.commands.lpush('messages:bad', 'malformed');
  expect(await eventLog.lastMessages(['b', 'none', 'a', 'old', 'bad', 'b'])).toEqual([
    b,
    null,
    a,
    null,
    null,
    b,
  ]);
  expect(await eventLog.lastMessages([])).toEqual([]);
});

test('connections are counted per room', async () => {
  await node.commands.sadd('connections:b', 'n1:1', 'n1:2', 'n2:1');
  await node.commands.sadd('connections:c', 'n1:1');
  expect(await directory.connectionCounts(['c', 'none', 'b'])).toEqual([1, 0, 3]);
});

describe('if Redis refuses a command', () => {
  test('because a key has the wrong type, the error is unchanged', async () => {
    await node.commands.set('messages:room1', 'x');
    await expect(eventLog.append(draft('a'))).rejects.toThrow(/WRONGTYPE/);
    await expect(eventLog.messages('room1', { take: { last: 1 } })).rejects.toThrow(/WRONGTYPE/);
  });

  test('because its memory is full, sends fail and reads succeed', async () => {
    await eventLog.append(draft('before'));
    await node.commands.config('SET', 'maxmemory', '1');
    await expect(eventLog.append(draft('a'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect((await eventLog.messages('room1', { take: { last: 5 } })).messages).toHaveLength(1);
    await node.commands.config('SET', 'maxmemory', '0');
    await eventLog.append(draft('after'));
  });

  test('because of an ACL, a send that was stored but not published is found by its nonce', async () => {
    await node.commands.acl('SETUSER', 'chat', 'on', '>pw', '~*', '+@all', 'resetchannels');
    const url = Object.assign(new URL(redis.server.url), { username: 'chat', password: 'pw' });
    const { servers } = await redis.connect({ url: url.href });
    const limited = createEventLog({ servers, historyLimit: 100, ttlSeconds: 60 });
    await expect(limited.append(draft('a', { nonce: 'n' }))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      cause: expect.objectContaining({ name: 'ReplyError' }),
    });
    await node.commands.acl('SETUSER', 'chat', 'allchannels');
    const sent = await limited.append(draft('a', { nonce: 'n' }));
    expect((await limited.messages('room1', { take: { last: 5 } })).messages).toEqual([sent]);

    await node.commands.acl(
      'SETUSER',
      'chat',
      'resetkeys',
      '~messages:*',
      '~nonce:*',
      '~slowmode:*',
      '~limit:*',
      '~room:*',
    );
    const unmarked = await limited.append(draft('counts as sent'));
    expect((await limited.messages('room1', { take: { last: 1 } })).messages).toEqual([unmarked]);
  });
});
