import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RedisConnections } from '#redis/client/connections.js';
import { sessionKey } from '#redis/client/keys.js';
import { createSessions, sessionIdOf } from '#redis/sessions/sessions.js';
import { type Fixture, startFixture } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

let redis: Fixture;
let node: RedisConnections;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
});
afterAll(() => redis.close());
beforeEach(() => node.commands.flushall());

const sessions = (ttlMs = 60_000) => createSessions({ commands: node.commands, ttlMs });

/** How many times Redis has executed a command. */
async function timesOf(command: string): Promise<number> {
  const stats = await node.commands.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describe('a session', () => {
  test('is found by its token, with the same user each time', async () => {
    const { token, user } = await sessions().start('Ann', ['viewer', 'moderator']);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(user).toEqual({ id: expect.stringMatching(/^user:[\w-]{16}$/), name: 'Ann' });
    const found = { user, roles: ['viewer', 'moderator'], sessionId: sessionIdOf(token) };
    expect(await sessions().find(token)).toEqual(found);
    expect(await sessions().find(token)).toEqual(found);
  });

  test('is new for each start, even with the same name', async () => {
    const [one, two] = await Promise.all([sessions().start('Ann', []), sessions().start('Ann', [])]);
    expect(one.token).not.toBe(two.token);
    expect(one.user.id).not.toBe(two.user.id);
  });

  test('is not found by a wrong token or by the digest of its own', async () => {
    const { token } = await sessions().start('Ann', []);
    for (const wrong of ['', 'x'.repeat(43), token.slice(1), sessionIdOf(token)]) {
      expect(await sessions().find(wrong)).toBeNull();
    }
  });

  test('is stored under the digest of its token, which is not stored itself', async () => {
    const { token } = await sessions().start('Ann', ['viewer']);
    const digest = createHash('sha256').update(token).digest('base64url');
    const keys = await node.commands.keys('*');
    expect(keys).toEqual([`session:${digest}`]);
    const held = JSON.stringify([keys, await node.commands.hgetall(keys[0]!)]);
    expect(held).not.toContain(token);
    expect(held).not.toContain(Buffer.from(token, 'base64url').toString('hex'));
  });

  test('has only known roles, and always VIEWER', async () => {
    const { token } = await sessions().start('Ann', []);
    expect((await sessions().find(token))?.roles).toEqual(['viewer']);
    await node.commands.hset(sessionKey(sessionIdOf(token)), 'roles', 'emperor service');
    expect((await sessions().find(token))?.roles).toEqual(['viewer', 'service']);
  });
});

describe('the end of a session', () => {
  test('comes if it is not used', async () => {
    const { token } = await sessions(50).start('Ann', []);
    await until(async () => (await node.commands.dbsize()) === 0, { what: 'the session to expire' });
    expect(await sessions(50).find(token)).toBeNull();
  });

  test('is postponed by use, once a tenth of the lifetime has passed', async () => {
    const { token } = await sessions().start('Ann', []);
    const key = sessionKey(sessionIdOf(token));
    const writes = await timesOf('pexpire');
    for (let count = 0; count < 10; count += 1) await sessions().find(token);
    expect(await timesOf('pexpire')).toBe(writes);
    await node.commands.pexpire(key, 53_900);
    const beganAt = Date.now();
    await sessions().find(token);
    const leftMs = await node.commands.pttl(key);
    expect(leftMs).toBeGreaterThanOrEqual(60_000 - (Date.now() - beganAt) - 1);
  });

  test('is postponed by an open connection', async () => {
    const { token } = await sessions().start('Ann', []);
    const key = sessionKey(sessionIdOf(token));
    await node.commands.pexpire(key, 20_000);
    const beganAt = Date.now();
    expect(await sessions().findEnded([sessionIdOf(token)])).toEqual([]);
    const leftMs = await node.commands.pttl(key);
    expect(leftMs).toBeGreaterThanOrEqual(60_000 - (Date.now() - beganAt) - 1);
  });

  test('happens once', async () => {
    const { token } = await sessions().start('Ann', []);
    const id = sessionIdOf(token);
    expect(await sessions().end(id)).toBe(true);
    expect(await sessions().end(id)).toBe(false);
    expect(await sessions().find(token)).toBeNull();
  });

  test('is found among a thousand live sessions', async () => {
    const started = await Promise.all(Array.from({ length: 1_001 }, () => sessions().start('Ann', [])));
    const ids = started.map(({ token }) => sessionIdOf(token));
    await sessions().end(ids[700]!);
    expect(await sessions().findEnded(ids)).toEqual([ids[700]]);
  });
});

test('reading a session takes one command', async () => {
  const { token } = await sessions().start('Ann', []);
  const reads = async () =>
    Number(/total_commands_processed:(\d+)/.exec(await node.commands.info('stats'))?.[1]);
  const before = await reads();
  await sessions().find(token);
  // EVALSHA, the two commands inside the script, and INFO itself.
  expect((await reads()) - before).toBeLessThanOrEqual(4);
  expect(await timesOf('evalsha')).toBeGreaterThan(0);
});

test('calls throw SERVICE_UNAVAILABLE while Redis is down', async () => {
  const other = await startFixture();
  try {
    const { commands } = await other.connect();
    const away = createSessions({ commands, ttlMs: 1_000 });
    await other.server.kill();
    for (const call of [away.start('Ann', []), away.find('x'), away.end('x'), away.findEnded(['x'])]) {
      await expect(call).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    }
  } finally {
    await other.close();
  }
});
