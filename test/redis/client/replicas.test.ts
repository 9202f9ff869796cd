import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Replicas } from '#redis/client/replicas.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';

let servers: RedisServer[];
beforeAll(async () => {
  servers = await Promise.all([1, 2].map(() => startRedis({ plain: true })));
});
afterAll(async () => void (await Promise.all(servers.map((server) => server.close()))));

const at = ({ port }: RedisServer) => ({ host: '127.0.0.1', port });
const nameOf = ({ port }: RedisServer) => `127.0.0.1:${port}`;

function open() {
  const reported: string[] = [];
  const replicas = new Replicas({
    open: (address) => new Redis({ ...address, connectionName: 'reader' }),
    closeWithinMs: 1_000,
    hooks: { onError: (where, error) => void reported.push(`${where}: ${(error as Error).message}`) },
  });
  onTestFinished(() => replicas.close());
  return { replicas, reported };
}

/** The next replicas of a primary once one is connected. */
async function nextOf(replicas: Replicas, primary: string, count: number): Promise<string[]> {
  const names = () => Array.from({ length: count }, () => replicas.next(primary)?.name);
  await until(() => !names().includes(undefined), { what: 'the replicas to be connected' });
  return [...new Set(names())].sort() as string[];
}

const connectionsTo = async (server: RedisServer) =>
  (await server.cli('CLIENT', 'LIST')).split('name=reader').length - 1;

test('each replica of a primary is used in turn, over one connection', async () => {
  const { replicas } = open();
  replicas.adopt(new Map([['a', servers.map(at)]]));
  await until(async () => (await nextOf(replicas, 'a', 2)).length === 2, { what: 'both' });
  replicas.adopt(new Map([['a', servers.map(at)]]));
  expect(await Promise.all(servers.map(connectionsTo))).toEqual([1, 1]);
  expect(replicas.next('b')).toBeUndefined();
});

test('the connection to a replica that is not listed any more is closed', async () => {
  const { replicas } = open();
  const [first, second] = servers as [RedisServer, RedisServer];
  replicas.adopt(
    new Map([
      ['a', [at(first)]],
      ['b', [at(second)]],
    ]),
  );
  expect(await nextOf(replicas, 'a', 1)).toEqual([nameOf(first)]);
  expect(await nextOf(replicas, 'b', 1)).toEqual([nameOf(second)]);
  // It belongs to another primary now. Its connection stays.
  replicas.adopt(new Map([['a', [at(second)]]]));
  expect(replicas.next('a')?.name).toBe(nameOf(second));
  expect(replicas.next('b')).toBeUndefined();
  await until(async () => (await connectionsTo(first)) === 0, { what: 'the connection to be closed' });
  await replicas.close();
  await replicas.close();
  replicas.adopt(new Map([['a', [at(first)]]]));
  expect(replicas.size).toBe(0);
});

test('a replica that failed is left alone for a second, and its failure is reported once until it answers', async () => {
  const { replicas, reported } = open();
  const [first] = servers as [RedisServer];
  replicas.adopt(new Map([['a', [at(first)]]]));
  await nextOf(replicas, 'a', 1);
  const replica = replicas.next('a')!;
  replica.failed(new Error('MOVED 1 a:1'));
  expect(replicas.next('a')).toBeUndefined();
  replica.failed(new Error('MOVED 2 a:1'));
  await until(() => replicas.next('a') === replica, { what: 'its rest to be over' });
  replica.answered();
  replica.failed(new Error('MOVED 3 a:1'));
  const where = `replica ${nameOf(first)}`;
  expect(reported).toEqual([`${where}: MOVED 1 a:1`, `${where}: MOVED 3 a:1`]);
});
