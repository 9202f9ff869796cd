import { expect, onTestFinished, test } from 'vitest';
import { connectionCount } from '#test/support/ask.js';
import { Ledger, TOLD_OF_A_GAP } from '#test/support/ledger.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { clean, report, startSite } from './fixture.js';

/** A master waits five seconds for more replicas to come, where nothing is said. */
const SOON_IN_STEP = ['--repl-diskless-sync-delay', '0'];

const variables = { REDIS_TIMEOUT_MS: 500, HEAD_CHECK_MS: 500 };

const losses = [
  {
    how: 'killed and restarted without data',
    lose: async (redis: RedisServer) => {
      await redis.kill();
      await redis.restart();
    },
  },
  { how: 'emptied by FLUSHALL', lose: async (redis: RedisServer) => void (await redis.cli('FLUSHALL')) },
];

test.each(losses)(
  '2. Redis $how: every viewer is told, nobody gets a wrong splice',
  async ({ how, lose }) => {
    const site = await startSite({ nodes: 2, variables: { ...variables, PRESENCE_HEARTBEAT_MS: 500 } });
    // A room without messages: nobody there has anything to lose but the place among those who are counted.
    const silent = Array.from({ length: 3 }, () => site.viewer('silent'));
    const counted = () => connectionCount(site.node(), 'silent');
    await until(async () => (await counted()) === 3, { what: 'the silent room to be counted' });
    // Each stays with its node: another may not have seen the loss yet, and tell of it a second time.
    const viewers = [0, 1, 0, 1, 0, 1].map((n) => site.viewer('room1', { server: () => site.node(n) }));
    const sender = site.sender('room1');
    await sender.say(100);
    await until(() => viewers.every(({ total }) => total === 100), { what: 'the messages before the loss' });
    const before = new Ledger();
    await site.audit('room1', before);
    expect(before.counts).toEqual(clean(100, 600));

    await lose(site.redis);
    await sender.say(100);
    const told = () => viewers.every(({ refusals }) => refusals.has('CURSOR_EXPIRED'));
    await until(told, { what: 'every viewer to be told' });

    const afterTheTelling = viewers.map(({ received }) => received[0]);
    expect(afterTheTelling).toEqual(viewers.map(() => TOLD_OF_A_GAP));
    const { received, ...counts } = await site.count('room1');
    report(`2. Redis ${how}`, { received, ...counts });
    expect(counts).toEqual({ sent: 101, lost: 0, doubled: 0, outOfOrder: 0, unknown: 0 });
    expect(viewers.map(({ refusals }) => refusals.get('CURSOR_EXPIRED'))).toEqual(viewers.map(() => 1));
    await until(async () => (await counted()) === 3, { what: 'the silent room to be counted again' });
    expect(silent.map(({ subscribes }) => subscribes)).toEqual([1, 1, 1]);
  },
);

test('2. Redis emptied by FLUSHALL, and silence afterwards: every live subscription is told once', async () => {
  const site = await startSite({ nodes: 2, variables });
  const sender = site.sender('room1');
  await sender.say(20);
  const viewers = [0, 1, 0, 1].map((n) => site.viewer('room1', { server: () => site.node(n) }));
  await until(() => viewers.every(({ total }) => total === 20), { what: 'the messages before the loss' });

  await site.redis.cli('FLUSHALL');
  const told = () => viewers.every(({ refusals }) => refusals.has('CURSOR_EXPIRED'));
  await until(told, { what: 'every viewer to be told' });
  // They are back, and heads are compared a few times more, with nothing to be told.
  await until(() => viewers.every(({ subscribes }) => subscribes === 2), { what: 'all to be back' });
  const checks = async () =>
    Number(/evalsha:calls=(\d+)/.exec(await site.redis.cli('INFO', 'commandstats'))?.[1]);
  const before = await checks();
  await until(async () => (await checks()) >= before + 8, { what: 'heads to be compared again' });

  const [first] = await Promise.all([sender.one()]);
  await until(() => viewers.every(({ cursor }) => cursor === first!.id), {
    what: 'the first message after it',
  });
  expect(viewers.map(({ refusals }) => [...refusals])).toEqual(viewers.map(() => [['CURSOR_EXPIRED', 1]]));
  expect(viewers.map(({ subscribes }) => subscribes)).toEqual(viewers.map(() => 2));
});

test('2. Redis restarted with older data: every live subscription is told once, nobody is spliced', async () => {
  const site = await startSite({ nodes: 1, variables });
  const sender = site.sender('room1');
  await sender.say(20);
  await site.redis.cli('SAVE');
  const viewers = Array.from({ length: 3 }, () => site.viewer('room1'));
  await sender.say(20);
  await until(() => viewers.every(({ total }) => total === 40), { what: 'the messages before the loss' });
  const before = new Ledger();
  await site.audit('room1', before);
  expect(before.counts).toEqual(clean(40, 120));

  // SIGKILL: the snapshot on the disk is that of before.
  await site.redis.kill();
  await site.redis.restart();
  const told = () => viewers.every(({ refusals }) => refusals.has('CURSOR_EXPIRED'));
  await until(told, { what: 'every viewer to be told' });
  const { received, ...counts } = await site.count('room1');
  report('2. Redis restarted with older data', { received, ...counts });
  expect(counts).toEqual({ sent: 1, lost: 0, doubled: 0, outOfOrder: 0, unknown: 0 });
  expect(viewers.map(({ refusals }) => refusals.get('CURSOR_EXPIRED'))).toEqual(viewers.map(() => 1));
});

test('2. Redis fails over to a replica that is behind: what is lost is told to every viewer', async () => {
  const site = await startSite({
    nodes: 0,
    redis: { args: SOON_IN_STEP },
    variables,
  });
  const replica = await startRedis({ args: SOON_IN_STEP });
  onTestFinished(() => replica.close());
  let master = site.redis.port;
  const address = await TcpProxy.start(() => master);
  onTestFinished(() => address.close());
  await site.addNode({ REDIS_URL: site.redis.urlAt(address.port) });
  await replica.cli('REPLICAOF', '127.0.0.1', String(master));

  const viewers = Array.from({ length: 4 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  await sender.say(100);
  await until(async () => (await replica.cli('LLEN', 'messages:room1')) === '100', { what: 'the replica' });
  const kept = (await site.stored('room1')).at(-1)!.id;
  // What is accepted from here on the master has alone.
  await replica.cli('REPLICAOF', 'NO', 'ONE');
  await sender.say(20);
  await until(() => viewers.every(({ total }) => total === 120), { what: 'the messages before the loss' });
  const before = new Ledger();
  await site.audit('room1', before);
  expect(before.counts).toEqual(clean(120, 480));

  await site.redis.kill();
  master = replica.port;
  address.cut();
  await sender.say(50);
  const told = () => viewers.every(({ refusals }) => refusals.has('CURSOR_EXPIRED'));
  await until(told, { what: 'every viewer to be told' });
  // Someone who had left before the loss has nothing that is lost.
  const returned = site.viewer('room1', { after: kept });
  await until(() => returned.total === 50, { what: 'the one who returned to have what came after' });

  expect(viewers.map(({ received }) => received[0])).toEqual(viewers.map(() => TOLD_OF_A_GAP));
  expect(returned.refusals.has('CURSOR_EXPIRED')).toBe(false);
  const { received, ...counts } = await site.count('room1', new Ledger(), replica);
  report('2. failed over', { received, ...counts }, { 'lost by Redis, and told': 20 });
  expect(counts).toEqual({ sent: 51, lost: 0, doubled: 0, outOfOrder: 0, unknown: 0 });
});

test('2. DURABILITY=replicated: a failover under load loses nothing that was acknowledged', async () => {
  const site = await startSite({ nodes: 0, redis: { args: SOON_IN_STEP }, variables });
  const replica = await startRedis({ args: SOON_IN_STEP });
  onTestFinished(() => replica.close());
  let master = site.redis.port;
  const address = await TcpProxy.start(() => master);
  onTestFinished(() => address.close());
  await replica.cli('REPLICAOF', '127.0.0.1', String(master));
  await site.addNode({ REDIS_URL: site.redis.urlAt(address.port), DURABILITY: 'replicated' });

  const viewers = Array.from({ length: 4 }, () => site.viewer('room1'));
  const senders = [site.sender('room1'), site.sender('room1')];
  for (const sender of senders) sender.talk(200);
  await until(() => viewers.every(({ total }) => total > 200), { what: 'messages to flow' });

  await site.redis.kill();
  await replica.cli('REPLICAOF', 'NO', 'ONE');
  master = replica.port;
  // One replica is what is waited for: the new master gets one of its own.
  const second = await startRedis();
  onTestFinished(() => second.close());
  await second.cli('REPLICAOF', '127.0.0.1', String(master));
  address.cut();
  const before = senders.map(({ total }) => total);
  await until(() => senders.every(({ total }, index) => total > before[index]! + 50), {
    what: 'sends to be accepted again',
  });
  for (const sender of senders) await sender.hush();

  const ledger = new Ledger();
  const { unknown, ...counts } = await site.count('room1', ledger, replica);
  // What nobody was told is accepted may have been seen, and be gone: then its viewers are told so.
  report('2. replicated, failed over', { ...counts, unknown }, { 'told of a gap': ledger.told });
  expect(counts).toMatchObject({ lost: 0, doubled: 0, outOfOrder: 0 });
  if (unknown > 0) expect(ledger.told).toBeGreaterThan(0);
});
