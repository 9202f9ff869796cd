import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nonceKey } from '#redis/client/keys.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture } from '#test/redis/fixture.js';
import { findValkey } from '#test/support/programs.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';

const valkey = findValkey();

// Since Redis 7.2, WAIT waits only for what its own connection has written. Any Redis may be the one on the PATH.
describe.each([
  { name: 'Redis', options: {} },
  ...(valkey ? [{ name: 'Valkey 9.1', options: { searchPath: dirname(valkey), plain: true } }] : []),
])('with DURABILITY=replicated on $name', ({ options }) => {
  let primary: Fixture;
  let replica: RedisServer;
  beforeAll(async () => {
    primary = await startFixture(options);
    replica = await startRedis({
      ...options,
      args: ['--replicaof', '127.0.0.1', `${primary.server.port}`],
    });
    await replicaIsThere();
  });
  afterAll(async () => {
    await replica.close();
    await primary.close();
  });

  function replicaIsThere(): Promise<unknown> {
    const online = async () => (await primary.server.cli('INFO', 'replication')).includes('state=online');
    return until(online, { what: 'the replica to be online' });
  }

  async function eventLog(timeoutMs: number) {
    const { servers } = await primary.connect({ separateWriter: true });
    const replication = { replicas: 1, timeoutMs };
    return createEventLog({ servers, historyLimit: 100, ttlSeconds: 60, replication });
  }

  test('an acknowledged message is already on the replica', async () => {
    const store = await eventLog(1_000);
    const message = await store.append(draft('safe'));
    expect(await replica.cli('LRANGE', 'messages:room1', '0', '0')).toContain(message.id);
  });

  test('without a replica a send fails, and succeeds later with the same nonce', async () => {
    const store = await eventLog(200);
    replica.hang();
    const sent = store.append(draft('not safe yet', { nonce: 'n1' }));
    await expect(sent).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    const again = store.append(draft('not safe yet', { nonce: 'n1' }));
    await expect(again).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });

    replica.resume();
    await replicaIsThere();
    const settled = await until(
      () => store.append(draft('not safe yet', { nonce: 'n1' })).catch(() => undefined),
      {
        what: 'the replica to confirm',
      },
    );
    const kept = await store.messages('room1', { take: { last: 10 } });
    expect(kept.messages.filter(({ content }) => content === 'not safe yet')).toEqual([settled]);
  });

  test('without a replica a nonce is not acknowledged by another node either, which has written nothing', async () => {
    const [store, ...others] = [await eventLog(200), await eventLog(200), await eventLog(200)];
    const once = draft('once', { nonce: 'n2' });
    replica.hang();
    await expect(store.append(once)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    for (const other of others) {
      await expect(other.append(once)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    }
    replica.resume();
    await replicaIsThere();
    const settled = await until(() => others[0]!.append(once).catch(() => undefined), {
      what: 'the replica to confirm',
    });
    expect(await replica.cli('LRANGE', 'messages:room1', '0', '0')).toContain(settled!.id);
  });

  test('a repeated nonce is not remembered for longer than the first time', async () => {
    const store = await eventLog(1_000);
    const once = draft('expires', { nonce: 'n3' });
    await store.append(once);
    const key = nonceKey('room1', 'guest:Ann', 'n3');
    await primary.server.cli('PEXPIRE', key, '30000');
    await store.append(once);
    expect(Number(await primary.server.cli('PTTL', key))).toBeLessThanOrEqual(30_000);
    expect(Number(await replica.cli('PTTL', key))).toBeLessThanOrEqual(30_000);
  });

  test('reads do not wait for a send that waits for a replica', async () => {
    const store = await eventLog(1_000);
    replica.hang();
    const order: string[] = [];
    const sent = store.append(draft('waits')).catch(() => order.push('send'));
    await store.messages('room1', { take: { last: 1 } }).then(() => order.push('read'));
    replica.resume();
    await sent;
    expect(order[0]).toBe('read');
  });
});
