import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '#dev/redis-process.js';
import { openServers } from '#redis/servers.js';
import { Cluster } from '#test/support/cluster.js';
import { startRedis } from '#test/support/redis-server.js';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { addressesOf, open } from './fixture.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ replicas: 0 });
}, 60_000);
afterAll(() => cluster?.close());

/** The reason why a client is not ready. */
const reasonOf = (servers: { check(): Promise<void> }) =>
  servers.check().then(
    () => undefined,
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );

test('one node that answers is enough to find all shards', async () => {
  const down = `127.0.0.1:${await freePort()}`;
  const [, second] = cluster.nodes;
  const errors: string[] = [];
  const servers = open(cluster, {
    nodes: addressesOf(`${down},${second!.address}`),
    hooks: { onError: (where) => void errors.push(where) },
  });
  onTestFinished(() => servers.close());
  expect(await servers.ready(5_000)).toBe(true);
  expect(servers.connected()).toHaveLength(3);
  await servers.check();
  // The one that is down is reported, so that the list can be corrected.
  expect(errors).toContain(`commands of ${down}`);
});

test('while no node answers, it says which were asked, and it connects when one does', async () => {
  const port = await freePort();
  const servers = openServers({ nodes: [{ host: '127.0.0.1', port }] });
  onTestFinished(() => servers.close());
  expect(await servers.ready(200)).toBe(false);
  expect(servers.missing()).toEqual([`127.0.0.1:${port}`]);
  expect(await reasonOf(servers)).toMatch(
    `SERVICE_UNAVAILABLE: None of REDIS_CLUSTER_NODES answers (127.0.0.1:${port}: connect ECONNREFUSED`,
  );
  await expect(servers.commands.get('x')).rejects.toThrow('No node of the Cluster has answered yet.');
  const server = await startRedis({ port, plain: true, args: ['--cluster-enabled', 'yes'] });
  onTestFinished(() => server.close());
  await until(async () => (await reasonOf(servers))?.includes('have no slots'), {
    what: 'the node to be met',
  });
  await server.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await until(async () => (await reasonOf(servers)) === undefined, { what: 'the node to serve' });
  expect(await servers.commands.get('x')).toBeNull();
});

test('a server that is not in cluster mode is refused with the variable to set', async () => {
  const server = await startRedis({ plain: true });
  onTestFinished(() => server.close());
  const servers = openServers({ nodes: [{ host: '127.0.0.1', port: server.port }] });
  onTestFinished(() => servers.close());
  await expect(servers.ready(5_000)).rejects.toThrow(/REDIS_CLUSTER_NODES names .* set REDIS_URL/);
  expect(await reasonOf(servers)).toMatch(/REDIS_URL/);
});

test('a Cluster behind NAT is reached with a NAT map, and without one the reason names the variable', async () => {
  // Every shard announces an address that leads nowhere, and is reached through a proxy.
  const hidden = await Promise.all(cluster.nodes.map(() => freePort()));
  const proxies = await Promise.all(cluster.nodes.map(({ port }) => TcpProxy.start(() => port)));
  onTestFinished(async () => {
    for (const node of cluster.nodes) await node.cli('CONFIG', 'SET', 'cluster-announce-port', '0');
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await cluster.untilHealthy();
  });
  for (const [index, node] of cluster.nodes.entries()) {
    await node.cli('CONFIG', 'SET', 'cluster-announce-port', String(hidden[index]));
  }
  const nodes = addressesOf(`127.0.0.1:${proxies[0]!.port}`);
  const seesAll = async () => {
    const slots = await cluster.nodes[0]!.cli('CLUSTER', 'SLOTS');
    return hidden.every((port) => slots.split('\n').includes(String(port)));
  };
  await until(seesAll, { what: 'the announcements to be known' });

  const lost = open(cluster, { nodes });
  onTestFinished(() => lost.close());
  await until(async () => (await reasonOf(lost))?.includes('REDIS_NAT_MAP'), { what: 'the reason' });

  const natMap = new Map(
    hidden.map((port, index) => [`127.0.0.1:${port}`, { host: '127.0.0.1', port: proxies[index]!.port }]),
  );
  const servers = open(cluster, { nodes, natMap });
  onTestFinished(() => servers.close());
  expect(await servers.ready(5_000)).toBe(true);
  await Promise.all(Array.from({ length: 20 }, (_, index) => servers.commands.set(`key${index}`, 'x')));
});

test('slots that nobody has are named, and the others are served', async () => {
  const owner = (await cluster.shards())[0]!.primary;
  const others = cluster.nodes.filter((node) => node !== owner);
  const servers = open(cluster);
  onTestFinished(() => servers.close());
  expect(await servers.ready(5_000)).toBe(true);
  for (const node of [owner, ...others]) await node.cli('CLUSTER', 'DELSLOTSRANGE', '0', '99');
  await until(() => servers.missing().includes('slots 0-99'), { what: 'the slots to be missed' });
  await servers.check();
  const [homeless, served] = [
    cluster.roomsOn({ ranges: [[0, 99]] } as never, 1),
    cluster.roomsOn({ ranges: [[100, 16_383]] } as never, 1),
  ];
  await expect(servers.commands.get(`messages:${homeless[0]}`)).rejects.toThrow(/No shard has slot \d+ now/);
  await servers.commands.get(`messages:${served[0]}`);
  await owner.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '99');
  await until(() => servers.missing().length === 0, { what: 'the slots to be served again' });
});

test('most shards make it ready, and those that are away are named', async () => {
  const servers = open(cluster);
  onTestFinished(() => servers.close());
  expect(await servers.ready(5_000)).toBe(true);
  const [first, second] = cluster.nodes;
  await first!.kill();
  await until(() => servers.missing().includes(first!.address), { what: 'the shard to be missed' });
  await servers.check();
  await second!.kill();
  await until(async () => (await reasonOf(servers)) !== undefined, { what: 'too many to be away' });
  expect(await reasonOf(servers)).toContain('Most shards of the Cluster do not answer');
  await first!.restart();
  await second!.restart();
  await until(async () => (await reasonOf(servers)) === undefined, {
    what: 'the shards to be back',
    timeout: 20_000,
  });
}, 60_000);
