import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readiness } from '#test/support/ask.js';
import { GAP, Ledger } from '#test/support/ledger.js';
import type { RedisServer } from '#test/support/redis-server.js';
import { type SentinelGroup, startSentinelGroup } from '#test/support/sentinel.js';
import type { Site } from '#test/support/site.js';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { HEAVY, report, startSite } from './fixture.js';

/** The result of a failover. */
interface FailoverCounts {
  sent: number;
  received: number;
  /** Acknowledged messages that the new primary does not have. */
  acknowledgedLost: number;
  /** Messages that a viewer received and that the new primary does not have. */
  withdrawn: number;
  /** Withdrawn messages after which a viewer went on as if nothing had happened. */
  unnoticed: number;
  /** Stored messages that a viewer missed without learning of a gap. */
  skipped: number;
  doubled: number;
  outOfOrder: number;
  /** How often a viewer learned of a gap. */
  gaps: number;
}

/** What must be 0 after any failover. */
const KEPT = { unnoticed: 0, skipped: 0, doubled: 0, outOfOrder: 0 };

describe.each(['primary', 'replicated'] as const)('with DURABILITY=%s', (durability) => {
  const lossless = durability === 'replicated' ? { acknowledgedLost: 0 } : {};

  test(
    'a primary that is killed under load is replaced, and gets no sends when it returns',
    HEAVY,
    async () => {
      const { site, group, flow } = await startLoad(durability);
      const [old] = group.servers as [RedisServer];
      const since = await breakPrimary(site, () => old.kill());
      const now = await group.failedOver(old);
      await flow();
      // Without its data and its role, it still believes that it is the primary.
      await old.restart();
      await expectUnused(old, flow);
      const counts = await count(site, now);
      report(`Sentinel: primary killed, ${durability}`, counts as never, { 'ms without sends': since() });
      expect(counts).toMatchObject({ ...KEPT, ...lossless });
    },
  );

  test('a primary that hangs under load is replaced, and gets no sends when it resumes', HEAVY, async () => {
    const { site, group, flow } = await startLoad(durability);
    const [old] = group.servers as [RedisServer];
    const since = await breakPrimary(site, () => old.hang());
    const now = await group.failedOver(old);
    await flow();
    old.resume();
    await expectUnused(old, flow);
    const counts = await count(site, now);
    report(`Sentinel: primary hung, ${durability}`, counts as never, { 'ms without sends': since() });
    expect(counts).toMatchObject({ ...KEPT, ...lossless });
  });

  test('messages that no replica got end each subscription with CURSOR_EXPIRED', HEAVY, async () => {
    const { site, group, flow } = await startLoad(durability);
    const [old, ...replicas] = group.servers as [RedisServer, ...RedisServer[]];
    // Cut the replicas off, so that what follows is on the primary alone.
    for (const replica of replicas) replica.hang();
    await old.cli('CLIENT', 'KILL', 'TYPE', 'replica');
    const seen = site.viewers.map(({ received }) => received.length);
    await until(() => site.viewers.every(({ received }, index) => received.length > seen[index]! + 20), {
      what: 'messages that the replica does not have',
    });
    await old.kill();
    for (const replica of replicas) replica.resume();
    const now = await group.failedOver(old);
    await flow();
    const counts = await count(site, now);
    report(`Sentinel: replica behind, ${durability}`, counts as never);
    expect(counts).toMatchObject({ ...KEPT, ...lossless });
    // A viewer may learn of it twice, if it goes on to a node that has not noticed yet.
    expect(counts.gaps).toBeGreaterThanOrEqual(site.viewers.length);
    expect(counts.withdrawn).toBeGreaterThan(20);
    if (durability === 'primary') expect(counts.acknowledgedLost).toBeGreaterThan(0);
  });
});

/** Sends per second, of both senders together. */
const RATE = 200;

/** What prevents that a primary which nobody follows acknowledges sends, and how many are lost at least and at most. */
const ISOLATED = [
  ['loses what is acknowledged, with DURABILITY=primary alone', 'primary', [], 2 * RATE, Infinity],
  // Redis counts its replicas once a second, and when the connection of one ends.
  [
    'loses two seconds of sends at most, with min-replicas-to-write',
    'primary',
    ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '1'],
    0,
    2 * RATE,
  ],
  ['loses nothing, with DURABILITY=replicated', 'replicated', [], 0, 0],
] as const;

test.each(ISOLATED)(
  'a site that hears nothing of a failover and goes on with the old primary %s',
  HEAVY,
  async (_what, durability, args, least, most) => {
    const proxies: TcpProxy[] = [];
    const { site, group, flow } = await startLoad(durability, { args, proxies });
    const [old] = group.servers as [RedisServer];
    for (const proxy of proxies) proxy.refuse();
    old.hang();
    const now = await group.failedOver(old);
    old.resume();
    // Until the Sentinels make a replica of it, which takes them about ten seconds.
    await until(async () => (await old.cli('ROLE')).startsWith('slave'), {
      what: 'the old primary to follow',
      timeout: 40_000,
    });
    for (const proxy of proxies) proxy.restore();
    await flow();
    const counts = await count(site, now);
    report(`Sentinel: cut off, ${durability} ${args.join(' ')}`, counts as never);
    expect(counts).toMatchObject(KEPT);
    expect(counts.acknowledgedLost).toBeGreaterThanOrEqual(least);
    expect(counts.acknowledgedLost).toBeLessThanOrEqual(most);
  },
);

interface LoadOptions {
  /** More arguments for each server. */
  args?: readonly string[];
  /** If given, the nodes reach each Sentinel through a proxy, which is added here. */
  proxies?: TcpProxy[];
}

/** Starts two nodes on a group, with viewers and senders. `flow` resolves when everyone has received more. */
async function startLoad(durability: 'primary' | 'replicated', { args = [], proxies }: LoadOptions = {}) {
  // With a single replica, nothing could be acknowledged after the failover until the old primary follows the new one.
  const group = await startSentinelGroup({ replicas: durability === 'replicated' ? 2 : 1, args });
  onTestFinished(() => group.close());
  const sentinels = proxies && (await proxiesTo(group, proxies));
  const site = await startSite({
    nodes: 2,
    server: group.servers[0]!,
    variables: {
      ...group.variables,
      ...(sentinels && { REDIS_SENTINELS: sentinels }),
      DURABILITY: durability,
      PRESENCE_HEARTBEAT_MS: 500,
    },
  });
  const viewers = Array.from({ length: 4 }, () => site.viewer('room1'));
  const senders = [site.sender('room1'), site.sender('room1')];
  for (const sender of senders) sender.start(RATE / senders.length);
  const flow = async () => {
    const everyone = [...viewers, ...senders];
    const before = everyone.map(({ total }) => total);
    await until(() => everyone.every(({ total }, index) => total > before[index]! + 25), {
      what: 'messages to flow',
      timeout: 40_000,
    });
    for (const node of site.nodes)
      await until(async () => (await readiness(node)) === 200, { what: 'a node to be ready' });
  };
  await flow();
  return { site, group, flow } satisfies { site: Site; group: SentinelGroup; flow: unknown };
}

/** Starts a proxy in front of each Sentinel. Returns their addresses, as REDIS_SENTINELS takes them. */
async function proxiesTo({ sentinels }: SentinelGroup, proxies: TcpProxy[]): Promise<string> {
  for (const { port } of sentinels) {
    const proxy = await TcpProxy.start(() => port);
    onTestFinished(() => proxy.close());
    proxies.push(proxy);
  }
  return proxies.map(({ port }) => `127.0.0.1:${port}`).join();
}

/** Breaks the primary. Returns the longest time without an acknowledgement since then, in milliseconds. */
async function breakPrimary(site: Site, how: () => unknown): Promise<() => number> {
  const total = () => site.senders.reduce((sum, sender) => sum + sender.total, 0);
  let [last, at, longest] = [total(), performance.now(), 0];
  const timer = setInterval(() => {
    const [now, sum] = [performance.now(), total()];
    longest = Math.max(longest, now - at);
    if (sum !== last) [last, at] = [sum, now];
  }, 5);
  onTestFinished(() => clearInterval(timer));
  await how();
  return () => Math.round(longest);
}

/** Waits until the Sentinels have made a replica of the old primary. Until then, nothing is written to it. */
async function expectUnused(old: RedisServer, flow: () => Promise<void>): Promise<void> {
  const role = async () => (await old.cli('ROLE')).split('\n')[0];
  const newest = () => old.cli('LINDEX', 'messages:room1', '0');
  // What had been in its sockets when it hung is executed now, but nobody is told that it was stored.
  await sleep(50);
  const before = await newest();
  await flow();
  const after = await newest();
  if ((await role()) === 'master') expect(after).toBe(before);
  await until(async () => (await role()) === 'slave', { what: 'the old primary to follow', timeout: 40_000 });
}

/** Stops the senders, waits for the last message to reach everyone, and counts. */
async function count(site: Site, primary: RedisServer): Promise<FailoverCounts> {
  for (const sender of site.senders) await sender.stop();
  const last = await site.sender('room1').sendOne();
  await until(() => site.viewers.every(({ cursor }) => cursor === last.id), { what: 'the last message' });
  const acknowledged = site.senders.flatMap((sender) => sender.acknowledged);
  const stored = await site.stored('room1', primary);
  const ids = new Set(stored.map(({ id }) => id));
  const unnoticed = site.viewers.filter(({ received }) => {
    const lastWithdrawn = received.findLastIndex((id) => id !== GAP && !ids.has(id));
    return lastWithdrawn >= 0 && !received.includes(GAP, lastWithdrawn);
  });
  const ledger = new Ledger();
  ledger.stored(stored);
  for (const viewer of site.viewers) ledger.received(viewer);
  const { received, lost, duplicated, outOfOrder, unknown } = ledger.counts;
  return {
    sent: acknowledged.length,
    received,
    acknowledgedLost: acknowledged.filter(({ id }) => !ids.has(id)).length,
    withdrawn: unknown,
    unnoticed: unnoticed.length,
    skipped: lost,
    doubled: duplicated,
    outOfOrder,
    gaps: ledger.gaps,
  };
}
