import type { Address } from '#redis/client/address.js';
import type { Servers } from '#redis/client/servers.js';
import { parseAddress } from '#redis/client/shards/address.js';
import type { ClusterOptions } from '#redis/client/shards/cluster.js';
import { openServers } from '#redis/servers.js';
import type { Cluster } from '#test/support/cluster.js';
import { until } from '#test/support/until.js';

/** The addresses in a list that is separated by commas. */
export function addressesOf(list: string): Address[] {
  return list.split(',').map((text) => parseAddress(text)!);
}

/** Opens a client of the cluster, without waiting for it. */
export function open(cluster: Cluster, options: Partial<ClusterOptions> = {}): Servers {
  const { username, password, protocol } = new URL(cluster.nodes[0]!.testerUrl);
  return openServers({
    nodes: addressesOf(cluster.addresses),
    ...(password && { username, password: decodeURIComponent(password) }),
    secure: protocol === 'rediss:',
    ...options,
  });
}

/** Opens a client of the cluster and waits until it is connected to all shards. */
export async function connect(cluster: Cluster, options?: Partial<ClusterOptions>): Promise<Servers> {
  const servers = open(cluster, options);
  if (await servers.ready(10_000)) return servers;
  await servers.close();
  throw new Error(`Not connected to ${servers.missing()}`);
}

/** Records what a client hears on its channels, and renews lost subscriptions as the feed does. */
export function listen(servers: Servers) {
  const heard: string[] = [];
  const renewed: string[] = [];
  const channels = new Set<string>();
  servers.channels.onMessage((channel, text) => void heard.push(`${channel} ${text}`));
  servers.channels.onLost((isLost) => {
    for (const channel of channels) {
      if (!isLost(channel)) continue;
      servers.channels.subscribe(channel).then(
        () => void renewed.push(channel),
        () => undefined,
      );
    }
  });
  return {
    heard,
    renewed,
    subscribe: async (channel: string) => {
      await servers.channels.subscribe(channel);
      channels.add(channel);
    },
    unsubscribe: async (channel: string) => {
      channels.delete(channel);
      await servers.channels.unsubscribe(channel);
    },
    untilHeard: (text: string) =>
      until(() => heard.includes(text), { what: `to hear ${text}`, timeout: 20_000 }),
  };
}

/** Publishes on a channel as the send script does. Resolves once a shard has accepted it. */
export function publish(servers: Servers, channel: string, text: string): Promise<unknown> {
  return servers.write(channel, (writer) =>
    writer.eval("return redis.call('SPUBLISH', KEYS[1], ARGV[1])", 1, channel, text),
  );
}
