import { expect, onTestFinished, test } from 'vitest';
import { connectRedis } from '#redis/client/connections.js';
import { startSentinelGroup } from '#test/support/sentinel.js';
import { until } from '#test/support/until.js';

test('the replicas that the Sentinels name are read from, over a failover too', async () => {
  const group = await startSentinelGroup({ replicas: 2, password: 'p1', sentinelPassword: 'p2' });
  onTestFinished(() => group.close());
  const connections = connectRedis({ sentinel: group.settings, replicaReads: true });
  onTestFinished(() => connections.close());
  const replicas = connections.replicas!;
  const named = () => new Set([replicas.next('')?.name, replicas.next('')?.name]);
  const are = (ports: number[]) => ports.every((port) => named().has(`127.0.0.1:${port}`));
  const [primary, first, second] = group.servers.map(({ port }) => port) as [number, number, number];
  await until(() => are([first, second]), { what: 'both replicas' });
  expect((await replicas.next('')!.redis.role())[0]).toBe('slave');
  expect(await replicas.next('')!.redis.eval_ro('return 1', 0)).toBe(1);

  await group.servers[0]!.kill();
  const promoted = await group.failedOver(group.servers[0]!);
  const [left] = [first, second].filter((port) => port !== promoted.port);
  await until(() => named().size === 1 && are([left!]), {
    what: 'the replica that is left',
    timeout: 20_000,
  });
  await group.servers[0]!.restart();
  await until(() => are([primary, left!]), { what: 'the old primary as a replica', timeout: 40_000 });
  expect(replicas.size).toBe(2);
});

test('the Sentinels are not asked for replicas that are not read', async () => {
  const group = await startSentinelGroup();
  onTestFinished(() => group.close());
  const connections = connectRedis({ sentinel: group.settings });
  onTestFinished(() => connections.close());
  expect(await connections.ready(5_000)).toBe(true);
  expect(connections.replicas).toBeUndefined();
  const stats = await group.sentinels[0]!.cli('INFO', 'commandstats');
  expect(stats).not.toContain('sentinel|replicas');
});
