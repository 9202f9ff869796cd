import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ChatError } from '#domain/errors.js';
import type { Draft } from '#domain/message.js';
import type { Sender, SendLimits } from '#domain/ports/limiter.js';
import { messagesKey, slowModeKey, userLimitKey } from '#redis/client/keys.js';
import { createRateLimiter } from '#redis/limits/rate-limiter.js';
import { createSlowModes } from '#redis/limits/slow-modes.js';
import { createAppend } from '#redis/room-log/append.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture, type TestNode } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

const ANN: Sender = { id: 'ann', address: '192.0.2.1', exempt: 'from nothing' };
const BOB: Sender = { id: 'bob', address: '192.0.2.1', exempt: 'from nothing' };
let redis: Fixture;
let node: TestNode;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
});
afterAll(() => redis.close());
beforeEach(() => node.commands.flushall());

interface Counts {
  perUser?: number;
  perAddress?: number;
  roomsPerAddress?: number;
}

function policyOf(counts: Counts, windowMs = 60_000): SendLimits {
  const limit = (count = 0) => ({ count, windowMs });
  const { perUser, perAddress, roomsPerAddress } = counts;
  return {
    perUser: limit(perUser),
    perAddress: limit(perAddress),
    roomsPerAddress: limit(roomsPerAddress),
  };
}

/** Returns a function that sends and returns the refusal, if any. */
function sender(counts: Counts, { servers = node.servers, windowMs = 60_000 } = {}) {
  const policy = policyOf(counts, windowMs);
  const send = createAppend(servers, { retention: { historyLimit: 1_000, ttlMs: 60_000 }, policy });
  return (who: Sender, more: Partial<Draft> = {}): Promise<ChatError | undefined> =>
    send(draft('hello', more), who).then(
      () => undefined,
      (error) => error,
    );
}

const stored = (roomId = 'room1') => node.commands.llen(messagesKey(roomId));

describe('the limit per user', () => {
  test('allows its count of messages and tells the user how long to wait', async () => {
    const send = sender({ perUser: 3 });
    const beganAt = Date.now();
    for (let count = 0; count < 3; count += 1) expect(await send(ANN)).toBeUndefined();
    const refusal = await send(ANN);
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', message: expect.stringContaining('3 messages') });
    const waitMs = refusal!.details.retryAfterMs!;
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(waitMs).toBeGreaterThanOrEqual(60_000 - (Date.now() - beganAt) - 1);
    expect(await stored()).toBe(3);
  });

  test('counts each user and each room separately', async () => {
    const send = sender({ perUser: 1 });
    expect(await send(ANN)).toBeUndefined();
    expect(await send(BOB)).toBeUndefined();
    expect(await send(ANN, { roomId: 'room2' })).toBeUndefined();
    expect(await send(ANN)).toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('allows the next message after the announced time', async () => {
    const send = sender({ perUser: 1 }, { windowMs: 200 });
    await send(ANN);
    // Read the clock before the send, whose reply may be late.
    const askedAt = performance.now();
    const announced = (await send(ANN))!.details.retryAfterMs!;
    await until(async () => (await send(ANN)) === undefined, { what: 'the limit to let pass', interval: 5 });
    // Redis' clock counts whole milliseconds.
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(announced - 5);
  });

  test('is exact for a hundred concurrent sends over several nodes', async () => {
    const nodes = await Promise.all([redis.connect(), redis.connect(), redis.connect()]);
    const sends = nodes.map(({ servers }) => sender({ perUser: 5 }, { servers }));
    const refusals = await Promise.all(Array.from({ length: 100 }, (_, index) => sends[index % 3]!(ANN)));
    expect(refusals.filter((refusal) => refusal === undefined)).toHaveLength(5);
    expect(await stored()).toBe(5);
  });

  test('does not block anyone after the clock was set back', async () => {
    await node.commands.lpush(userLimitKey('room1', 'ann'), Date.now() + 3_600_000);
    expect(await sender({ perUser: 1 })(ANN)).toBeUndefined();
  });
});

describe('the limit per address', () => {
  test('counts all users and rooms together', async () => {
    const send = sender({ perAddress: 3 });
    expect(await send(ANN)).toBeUndefined();
    expect(await send(BOB)).toBeUndefined();
    expect(await send(ANN, { roomId: 'room2' })).toBeUndefined();
    expect(await send(BOB, { roomId: 'room3' })).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await send({ ...BOB, address: '192.0.2.2' })).toBeUndefined();
  });

  test('does not apply if the address is unknown', async () => {
    const send = sender({ perAddress: 1 });
    for (let count = 0; count < 3; count += 1) expect(await send({ ...ANN, address: '' })).toBeUndefined();
  });

  test('counts each room separately in a Cluster, where all keys must be in one slot', async () => {
    const servers = { ...node.servers, isCluster: true };
    const send = sender({ perUser: 9, perAddress: 1 }, { servers });
    await node.commands.set(slowModeKey('room1'), 0);
    expect(await send(ANN, { nonce: 'n' })).toBeUndefined();
    expect(await send(ANN, { roomId: 'room2' })).toBeUndefined();
    expect(await send(BOB)).toMatchObject({ code: 'RATE_LIMITED' });
    const keys = (await node.commands.keys('*')).filter((key) => !key.includes('room2'));
    const tags = keys.map((key) => /\{([^}]+)\}/.exec(key)?.[1] ?? key);
    expect(new Set(tags)).toEqual(new Set([messagesKey('room1')]));
    expect(keys).toHaveLength(6);
  });
});

describe('new rooms from an address', () => {
  test('are limited, and opened by a send into a room without messages', async () => {
    const send = sender({ roomsPerAddress: 2 });
    expect(await send(ANN, { roomId: 'room1' })).toBeUndefined();
    expect(await send(BOB, { roomId: 'room2' })).toBeUndefined();
    const before = (await node.commands.keys('*')).sort();
    const refusal = await send(ANN, { roomId: 'room3', nonce: 'n' });
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', message: expect.stringContaining('new rooms') });
    expect(refusal!.details.retryAfterMs).toBeGreaterThan(0);
    // Nothing was stored or counted.
    expect((await node.commands.keys('*')).sort()).toEqual(before);
    expect(await send({ ...ANN, address: '192.0.2.2' }, { roomId: 'room3' })).toBeUndefined();
  });

  test('do not include rooms that already have messages', async () => {
    const send = sender({ roomsPerAddress: 1 });
    for (let count = 0; count < 5; count += 1) expect(await send(ANN)).toBeUndefined();
    expect(await send(ANN, { roomId: 'room2' })).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await send(ANN)).toBeUndefined();
  });

  test('are counted together with rooms opened by subscriptions', async () => {
    const limit = { count: 2, windowMs: 60_000 };
    const { takeRoom } = createRateLimiter({
      servers: node.servers,
      limits: { connections: limit, sessions: limit, rooms: limit },
      timeoutMs: 2_000,
      onFailure: 'closed',
    });
    const send = sender({ roomsPerAddress: 2 });
    await takeRoom('room8', ANN.address);
    expect(await send(ANN, { roomId: 'room1' })).toBeUndefined();
    expect(await send(ANN, { roomId: 'room2' })).toMatchObject({ code: 'RATE_LIMITED' });
    await expect(takeRoom('room9', ANN.address)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('are not limited for the platform or if the address is unknown', async () => {
    const send = sender({ roomsPerAddress: 1 });
    for (let room = 0; room < 3; room += 1) {
      expect(await send({ ...ANN, exempt: 'from all limits' }, { roomId: `p${room}` })).toBeUndefined();
      expect(await send({ ...ANN, address: '' }, { roomId: `q${room}` })).toBeUndefined();
    }
  });
});

describe('slow mode', () => {
  const slowModes = () => createSlowModes({ commands: node.commands, ttlMs: 60_000 });

  test('lets each user send one message per interval', async () => {
    await slowModes().set('room1', 30);
    const send = sender({});
    const beganAt = Date.now();
    expect(await send(ANN)).toBeUndefined();
    const refusal = await send(ANN);
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', message: expect.stringContaining('30 seconds') });
    expect(refusal!.details.retryAfterMs).toBeGreaterThanOrEqual(30_000 - (Date.now() - beganAt) - 1);
    expect(refusal!.details.retryAfterMs).toBeLessThanOrEqual(30_000);
    expect(await send(BOB)).toBeUndefined();
    expect(await send(ANN, { roomId: 'room2' })).toBeUndefined();
  });

  test('remembers sends longer than the window of the user limit', async () => {
    await slowModes().set('room1', 30);
    const beganAt = Date.now();
    await sender({ perUser: 5 }, { windowMs: 1_000 })(ANN);
    const leftMs = await node.commands.pttl(userLimitKey('room1', 'ann'));
    expect(leftMs).toBeGreaterThanOrEqual(30_000 - (Date.now() - beganAt) - 1);
  });

  test('does not apply to moderators or the platform', async () => {
    await slowModes().set('room1', 30);
    const send = sender({ perUser: 3 });
    const moderator: Sender = { ...ANN, exempt: 'from slow mode' };
    for (let count = 0; count < 3; count += 1) expect(await send(moderator)).toBeUndefined();
    expect(await send(moderator)).toMatchObject({ code: 'RATE_LIMITED' });
    for (let count = 0; count < 9; count += 1)
      expect(await send({ ...BOB, exempt: 'from all limits' })).toBeUndefined();
  });

  test('ends when it is set to 0, and is extended by each message', async () => {
    await slowModes().set('room1', 30);
    await slowModes().set('room2', 30);
    expect(await slowModes().of(['room1', 'room2', 'room3'])).toEqual([30, 30, 0]);
    await slowModes().set('room1', 0);
    expect(await slowModes().of(['room1', 'room2'])).toEqual([0, 30]);
    await node.commands.pexpire(slowModeKey('room2'), 10_000);
    await sender({})(ANN, { roomId: 'room2' });
    expect(await node.commands.pttl(slowModeKey('room2'))).toBeGreaterThan(50_000);
  });
});

describe('a refused send', () => {
  test('does not count towards any limit', async () => {
    const send = sender({ perUser: 2, perAddress: 3 });
    await send(ANN);
    await send(ANN);
    for (let count = 0; count < 10; count += 1) await send(ANN);
    expect(await send(BOB)).toBeUndefined();
    expect(await send(BOB)).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await node.commands.llen(userLimitKey('room1', 'bob'))).toBe(1);
  });

  test('is never a repeated nonce', async () => {
    await createSlowModes({ commands: node.commands, ttlMs: 60_000 }).set('room1', 30);
    const send = sender({ perUser: 1, perAddress: 1 });
    expect(await send(ANN, { nonce: 'n1' })).toBeUndefined();
    for (let count = 0; count < 5; count += 1) expect(await send(ANN, { nonce: 'n1' })).toBeUndefined();
    expect(await send(ANN, { nonce: 'n2' })).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await stored()).toBe(1);
  });

  test('does not use up its nonce', async () => {
    const send = sender({ perUser: 1 }, { windowMs: 100 });
    await send(ANN);
    expect(await send(ANN, { nonce: 'n1' })).toMatchObject({ code: 'RATE_LIMITED' });
    await until(async () => (await send(ANN, { nonce: 'n1' })) === undefined, { what: 'the limit to pass' });
    expect(await stored()).toBe(2);
  });
});

test('no limit applies without a sender', async () => {
  await createSlowModes({ commands: node.commands, ttlMs: 60_000 }).set('room1', 30);
  const policy = policyOf({ perUser: 1, perAddress: 1 });
  const send = createAppend(node.servers, { retention: { historyLimit: 10, ttlMs: 60_000 }, policy });
  for (let count = 0; count < 3; count += 1) await send(draft('hello'));
  expect(await stored()).toBe(3);
});

test('a send takes one round trip, including all its limits', async () => {
  const { commands } = node;
  await createSlowModes({ commands, ttlMs: 60_000 }).set('room1', 1);
  const send = sender({ perUser: 100, perAddress: 100 });
  // The first send loads the script.
  await send(ANN, { roomId: 'room2' });
  const reads = async () => Number(/total_reads_processed:(\d+)/.exec(await commands.info('stats'))?.[1]);
  const before = await reads();
  expect(await send(ANN, { nonce: 'n' })).toBeUndefined();
  // One read for the send, and one for the INFO.
  expect((await reads()) - before).toBe(2);
});

test('a refused send leaves nothing behind, not even an active room', async () => {
  const { commands, servers } = node;
  const sendPolicy = policyOf({ perAddress: 1 });
  const eventLog = createEventLog({ servers, historyLimit: 10, ttlSeconds: 60, sendPolicy });
  await eventLog.append(draft('hello'), ANN);
  const keys = async () => (await commands.keys('*')).sort();
  const before = await keys();
  for (let count = 0; count < 10; count += 1) {
    const refused = eventLog.append(draft('hello', { roomId: `other${count}`, nonce: 'n' }), BOB);
    await expect(refused).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  }
  expect(await keys()).toEqual(before);
  expect(await commands.smembers('rooms:active')).toEqual(['room1']);
});
