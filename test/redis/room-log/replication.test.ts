import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';

let primary: Fixture;
beforeAll(async () => {
  primary = await startFixture();
});
afterAll(() => primary.close());

const used = useRedis(() => ({ args: ['--replicaof', '127.0.0.1', `${primary.server.port}`] }));
beforeAll(async () => {
  await replicaIsThere();
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
  expect(await used.redis.cli('LRANGE', 'messages:room1', '0', '0')).toContain(message.id);
});

test('without a replica a send fails, and succeeds later with the same nonce', async () => {
  const store = await eventLog(200);
  used.redis.hang();
  const sent = store.append(draft('not safe yet', { nonce: 'n1' }));
  await expect(sent).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  const again = store.append(draft('not safe yet', { nonce: 'n1' }));
  await expect(again).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });

  used.redis.resume();
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

test('reads do not wait for a send that waits for a replica', async () => {
  const store = await eventLog(1_000);
  used.redis.hang();
  const order: string[] = [];
  const sent = store.append(draft('waits')).catch(() => order.push('send'));
  await store.messages('room1', { take: { last: 1 } }).then(() => order.push('read'));
  used.redis.resume();
  await sent;
  expect(order[0]).toBe('read');
});
