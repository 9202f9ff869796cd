import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPresence } from '#redis/presence/presence.js';
import { sweep } from '#redis/presence/sweep.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { draft, type Fixture, startFixture, type TestNode } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

let redis: Fixture;
let node: TestNode;

beforeEach(async () => {
  redis = await startFixture();
  node = await redis.connect();
});
afterEach(() => redis.close());

/** Starts a node's presence. The default heartbeat is too long to occur in a test. */
function present(nodeId: string, { servers }: TestNode, heartbeatMs = 60_000) {
  const presence = redis.use(createPresence({ servers, nodeId, heartbeatMs, hooks: redis.hooks }));
  presence.start();
  return presence;
}

const members = async (roomId: string) => (await node.commands.smembers(`connections:${roomId}`)).sort();
const active = async () => (await node.commands.smembers('rooms:active')).sort();

/** Waits until a room's set has exactly these members. */
async function settles(roomId: string, expected: string[]): Promise<void> {
  await until(async () => JSON.stringify(await members(roomId)) === JSON.stringify(expected), {
    what: `${roomId} to hold ${expected}`,
  });
}

test('connections join and leave, counted per room', async () => {
  const presence = present('n1', node);
  presence.join('a', 'c1');
  presence.join('a', 'c1');
  presence.join('a', 'c2');
  presence.join('b', 'c1');
  await settles('a', ['n1:c1', 'n1:c2']);
  expect(await members('b')).toEqual(['n1:c1']);
  expect(await active()).toEqual(['a', 'b']);
  presence.leave('a', 'c1');
  presence.leave('a', 'c2');
  await settles('a', ['n1:c1']);
  presence.leave('a', 'c1');
  // Leaving more often than joining changes nothing.
  presence.leave('a', 'c1');
  presence.leave('never', 'c9');
  await settles('a', []);
  await until(async () => (await active()).join() === 'b', { what: 'the empty room to be inactive' });
});

test('a room with messages stays active when its last connection leaves', async () => {
  const eventLog = createEventLog({ servers: node.servers, historyLimit: 10, ttlSeconds: 60 });
  const presence = present('n1', node);
  presence.join('room1', 'c1');
  presence.join('other', 'c1');
  await eventLog.append(draft('a'));
  presence.leave('room1', 'c1');
  presence.leave('other', 'c1');
  await until(async () => (await active()).join() === 'room1', { what: 'only the other to be inactive' });
});

test('changes of one event-loop turn are sent in one command per room', async () => {
  const presence = present('n1', node);
  await until(() => redis.server.cli('exists', 'node:n1'), { what: 'the heartbeat' });
  await node.commands.config('RESETSTAT');
  for (let index = 0; index < 300; index += 1) presence.join('a', `c${index}`);
  for (let index = 0; index < 200; index += 1) presence.leave('a', `c${index}`);
  await until(async () => (await node.commands.scard('connections:a')) === 100, { what: 'all to be there' });
  const stats = await node.commands.info('commandstats');
  // One for the room, one for rooms:active.
  expect(/cmdstat_sadd:calls=(\d+)/.exec(stats)?.[1]).toBe('2');
  expect(/cmdstat_srem:calls=(\d+)/.exec(stats)?.[1]).toBe('1');
});

test('closing removes the connections of this node only', async () => {
  const listeners = node.commands.listenerCount('ready');
  const other = await redis.connect();
  const [one, two] = [present('n1', node), present('n2', other)];
  one.join('a', 'c1');
  one.join('b', 'c1');
  two.join('a', 'c1');
  await settles('a', ['n1:c1', 'n2:c1']);
  await one.close();
  await one.close();
  one.join('a', 'late');
  expect(await members('a')).toEqual(['n2:c1']);
  expect(await active()).toEqual(['a']);
  expect(await redis.server.cli('exists', 'node:n1', 'node:n2')).toBe('1');
  expect(node.commands.listenerCount('ready')).toBe(listeners);
});

test('closing removes connections that left just before', async () => {
  const presence = present('n1', node);
  presence.join('a', 'c1');
  presence.join('a', 'c2');
  await settles('a', ['n1:c1', 'n1:c2']);
  presence.leave('a', 'c1');
  presence.leave('a', 'c2');
  presence.join('b', 'c3');
  await presence.close();
  expect(await redis.server.cli('keys', '*')).toBe('');
});

test('closing ends even if Redis hangs or is down', async () => {
  for (const badly of ['hang', 'kill'] as const) {
    const connections = await redis.connect({ commandTimeoutMs: 300 });
    const presence = present(badly, connections);
    presence.join('a', 'c1');
    await until(async () => (await members('a')).includes(`${badly}:c1`), { what: 'the connection' });
    await redis.server[badly]();
    const started = performance.now();
    await presence.close();
    expect(performance.now() - started).toBeLessThan(900);
    redis.server.resume();
    if (badly === 'hang') await until(() => node.commands.ping(), { what: 'Redis to go on' });
  }
});

describe('the connections of a dead node', () => {
  test('are removed by another node, together with rooms that become empty', async () => {
    const dying = await redis.connect();
    const [dead, alive] = [present('dead', dying, 50), present('alive', node, 50)];
    dead.join('a', 'c1');
    dead.join('only', 'c1');
    alive.join('a', 'c2');
    await settles('a', ['alive:c2', 'dead:c1']);
    // As after SIGKILL: the node removes nothing and sends no more heartbeats.
    dying.commands.disconnect();
    await settles('a', ['alive:c2']);
    await until(async () => (await active()).join() === 'a', {
      what: 'the room of the dead alone to be inactive',
    });
  });

  test('are removed by a sweep, which keeps those of live nodes', async () => {
    await node.commands.set('node:a:1', '1');
    await node.commands.sadd('connections:x', 'a:1:c1', 'b:c1', 'nobody');
    await node.commands.sadd('rooms:active', 'x', 'empty');
    await sweep(node.servers);
    expect(await members('x')).toEqual(['a:1:c1']);
    expect(await active()).toEqual(['x']);
  });

  test('are added back after a heartbeat if the node is alive after all', async () => {
    const presence = present('n1', node, 50);
    presence.join('a', 'c1');
    await settles('a', ['n1:c1']);
    const [[, taken]] = (await node.commands
      .multi()
      .srem('connections:a', 'n1:c1')
      .del('node:n1')
      .exec()) as [[null, number]];
    expect(taken).toBe(1);
    await settles('a', ['n1:c1']);
  });

  test('are removed when a node of the same name starts', async () => {
    await node.commands.sadd('connections:a', 'n*:old', 'n2:c1', 'n*:kept');
    await node.commands.sadd('connections:b', 'n*:old');
    await node.commands.sadd('rooms:active', 'a', 'b');
    await node.commands.set('node:n*', '1', 'PX', 60_000);
    const presence = redis.use(
      createPresence({ servers: node.servers, nodeId: 'n*', hooks: redis.hooks, heartbeatMs: 60_000 }),
    );
    presence.join('a', 'kept');
    presence.start();
    await settles('a', ['n*:kept', 'n2:c1']);
    await until(async () => (await active()).join() === 'a', { what: 'the empty room to be inactive' });
  });
});

describe('after an outage', () => {
  test('a Redis that lost its data gets all connections again', async () => {
    const presence = present('n1', node);
    presence.join('a', 'c1');
    presence.join('b', 'c2');
    await settles('b', ['n1:c2']);
    await redis.server.kill();
    await until(() => node.commands.status !== 'ready', { what: 'the connection to be lost' });
    presence.leave('b', 'c2');
    presence.join('a', 'c3');
    await redis.server.restart();
    await until(() => node.commands.ping(), { what: 'the connection to come back' });
    await settles('a', ['n1:c1', 'n1:c3']);
    expect(await active()).toEqual(['a']);
    expect(await redis.server.cli('exists', 'node:n1')).toBe('1');
  });

  test('a Redis that was flushed by hand gets all connections with the next heartbeat', async () => {
    const presence = present('n1', node, 50);
    presence.join('a', 'c1');
    await settles('a', ['n1:c1']);
    await node.commands.flushall();
    await settles('a', ['n1:c1']);
    expect(await active()).toEqual(['a']);
  });

  test('a node that started during the outage adds its connections', async () => {
    const connections = await redis.connect();
    await redis.server.kill();
    await until(() => connections.commands.status !== 'ready', { what: 'the connection to be lost' });
    const presence = present('n1', connections);
    presence.join('a', 'c1');
    await redis.server.restart();
    await until(() => node.commands.ping(), { what: 'the connection to come back' });
    await settles('a', ['n1:c1']);
  });

  test('a heartbeat makes up for a refused write', async () => {
    const presence = present('n1', node, 50);
    presence.join('a', 'c1');
    await settles('a', ['n1:c1']);
    await redis.server.cli('acl', 'setuser', redis.server.tester, '-srem');
    presence.leave('a', 'c1');
    await until(() => redis.reported.length > 0, { what: 'the failure to be reported' });
    await redis.server.cli('acl', 'setuser', redis.server.tester, '+@all');
    await settles('a', []);
  });
});
