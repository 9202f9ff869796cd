import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Servers } from '#redis/client/servers.js';
import { Cluster, type ClusterNode, NODE_TIMEOUT_MS } from '#test/support/cluster.js';
import { until } from '#test/support/until.js';
import { connect, listen, publish } from './fixture.js';

let cluster: Cluster;
let servers: Servers;

beforeAll(async () => {
  cluster = await Cluster.start();
  servers = await connect(cluster, { commandTimeoutMs: 1_000 });
}, 60_000);
afterAll(async () => {
  for (const node of cluster?.nodes ?? []) node.resume();
  await servers?.close();
  await cluster?.close();
});

/** How long a shard may be away: the others agree that its primary failed, vote, and the client notices. */
const AWAY_MS = NODE_TIMEOUT_MS + 3_000;

test.each([
  {
    what: 'is killed',
    fail: (primary: ClusterNode) => primary.kill(),
    recover: (primary: ClusterNode) => primary.restart(),
  },
  {
    what: 'hangs',
    fail: async (primary: ClusterNode) => primary.hang(),
    recover: async (primary: ClusterNode) => primary.resume(),
  },
])(
  'when a primary $what, only its keys and channels are away, until its replica has taken over',
  async ({ fail, recover }) => {
    const [shard, other] = await cluster.shards();
    const [away, stays] = [shard!, other!].map(
      (each) => `messages:${cluster.roomsOn(each, 1, 'failover')[0]}`,
    );
    const connected: string[] = [];
    servers.onConnected((holds) => void connected.push(...[away!, stays!].filter(holds)));
    const viewer = listen(servers);
    await viewer.subscribe(away!);
    await viewer.subscribe(stays!);

    await fail(shard!.primary);
    const failedAt = performance.now();
    const slowest = { stays: 0 };
    const failures: unknown[] = [];
    await until(
      async () => {
        const started = performance.now();
        await publish(servers, stays!, 'on the other shard').catch((error) => failures.push(error));
        slowest.stays = Math.max(slowest.stays, performance.now() - started);
        return Promise.race([
          publish(servers, away!, 'again').then(
            () => true,
            () => false,
          ),
          new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 50)),
        ]);
      },
      { what: 'the shard to serve again', timeout: 20_000, interval: 20 },
    );
    const awayMs = performance.now() - failedAt;
    await until(() => viewer.renewed.includes(away!), { what: 'the channel to be renewed', timeout: 10_000 });
    const renewedMs = performance.now() - failedAt;
    await publish(servers, away!, 'after');
    await viewer.untilHeard(`${away} after`);
    console.log(
      `writes came back after ${awayMs.toFixed()} ms, the channel after ${renewedMs.toFixed()} ms, ` +
        `the slowest write of another shard took ${slowest.stays.toFixed()} ms`,
    );
    expect(failures).toEqual([]);
    expect(connected).toContain(away);
    expect(connected).not.toContain(stays);
    expect(viewer.renewed).not.toContain(stays);
    await servers.check();
    expect(renewedMs).toBeLessThan(AWAY_MS + 3_000);

    // The old primary believes for a moment that it still has the slots. Nobody follows it.
    await recover(shard!.primary);
    const refused: unknown[] = [];
    await until(
      async () => {
        await publish(servers, away!, 'later').catch((error) => refused.push(error));
        return (await shard!.primary.cli('INFO', 'replication')).includes('role:slave');
      },
      { what: 'the old primary to become a replica', timeout: 20_000, interval: 20 },
    );
    expect(refused).toEqual([]);
    await cluster.untilHealthy();
    await until(() => servers.missing().length === 0, { what: 'nothing to be missing' });
    await viewer.unsubscribe(away!);
    await viewer.unsubscribe(stays!);
  },
  90_000,
);
