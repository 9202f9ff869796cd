import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Cluster, type Shard } from '#test/support/cluster.js';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { addressesOf, connect, listen, publish } from './fixture.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ replicas: 0 });
}, 60_000);
afterAll(() => cluster?.close());

/** Connects a client that reaches each shard through a proxy of its own. */
async function connectThroughProxies() {
  const shards = await cluster.shards();
  const proxies = await Promise.all(shards.map(({ primary }) => TcpProxy.start(() => primary.port)));
  const natMap = new Map(
    shards.map(({ primary }, index) => [primary.address, { host: '127.0.0.1', port: proxies[index]!.port }]),
  );
  const nodes = addressesOf(proxies.map(({ port }) => `127.0.0.1:${port}`).join(','));
  const servers = await connect(cluster, { nodes, natMap, commandTimeoutMs: 500, subscriberPingMs: 200 });
  onTestFinished(async () => {
    await servers.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });
  const channelOn = (shard: Shard) => `messages:${cluster.roomsOn(shard, 1, 'partition')[0]}`;
  return { servers, proxies, channels: shards.map(channelOn) };
}

test('a node that is cut off from one shard serves all others, and this one again when it can', async () => {
  const { servers, proxies, channels } = await connectThroughProxies();
  const [away, ...others] = channels;
  const viewer = listen(servers);
  for (const channel of channels) await viewer.subscribe(channel);
  const name = `127.0.0.1:${proxies[0]!.port}`;

  proxies[0]!.refuse();
  await until(() => servers.missing().includes(name), { what: 'the shard to be missed' });
  expect(servers.missing()).toEqual([name]);
  await servers.check();
  await expect(publish(servers, away!, 'x')).rejects.toThrow();
  await expect(servers.channels.subscribe(away!)).rejects.toThrow();
  for (const channel of others) await publish(servers, channel, 'others');
  for (const channel of others) await viewer.untilHeard(`${channel} others`);

  proxies[0]!.restore();
  await until(() => viewer.renewed.includes(away!), { what: 'the channel to be renewed' });
  // The subscriber may be back before the connection for commands.
  await until(() => servers.missing().length === 0, { what: 'nothing to be missing' });
  await publish(servers, away!, 'again');
  await viewer.untilHeard(`${away} again`);
  expect(viewer.renewed).toEqual([away]);
});

test('a subscriber whose connection died silently is noticed and renewed', async () => {
  const { servers, proxies, channels } = await connectThroughProxies();
  const viewer = listen(servers);
  await viewer.subscribe(channels[1]!);
  proxies[1]!.stall();
  await until(() => viewer.renewed.includes(channels[1]!), { what: 'the channel to be renewed' });
  // The connection for commands has died too, which the first command on it finds out.
  const published = () =>
    publish(servers, channels[1]!, 'x').then(
      () => true,
      () => false,
    );
  await until(published, { what: 'the shard to be reached' });
  await viewer.untilHeard(`${channels[1]} x`);
});

test('an answer that is lost fails the send at once or after the time limit, and it is not repeated', async () => {
  const { servers, proxies, channels } = await connectThroughProxies();
  const key = channels[2]!.replace('messages', 'counter');
  const [shard] = channels[2]!.split(' ');
  const increment = () =>
    servers.write(shard!, (writer) =>
      writer.eval("return redis.call('INCR', KEYS[1])", 1, `{${shard}}:${key}`),
    );
  expect(await increment()).toBe(1);
  proxies[2]!.loseReplies();
  await expect(increment()).rejects.toThrow(/timed out|closed/i);
  proxies[2]!.cut();
  await until(async () => (await increment().catch(() => 0)) === 3, { what: 'the shard to answer again' });
});
