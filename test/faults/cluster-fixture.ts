import { onTestFinished } from 'vitest';
import { Cluster, type ClusterNode, type ClusterOptions, type Shard } from '#test/support/cluster.js';
import type { Counts } from '#test/support/ledger.js';
import { RoomLoad, type RoomLoadOptions } from '#test/support/room-load.js';
import type { Site, SiteOptions } from '#test/support/site.js';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { nothingLost, startSite } from './fixture.js';

/** Unanswered commands fail soon, so that the tests are short, but not for want of a fast machine. */
export const REDIS_TIMEOUT_MS = 1_000;

export interface ClusterSiteOptions extends Omit<SiteOptions, 'redis' | 'cluster'> {
  cluster?: ClusterOptions;
  /** Rooms with load on each shard. */
  roomsPerShard: number;
  load: RoomLoadOptions;
}

export interface ClusterSite {
  cluster: Cluster;
  site: Site;
  load: RoomLoad;
  shards: Shard[];
  /** The rooms of each shard, in the order of `shards`. */
  rooms: string[][];
}

/** Starts a cluster, nodes on it, and load in rooms of every shard. All of it ends with the test. */
export async function startClusterSite(options: ClusterSiteOptions): Promise<ClusterSite> {
  const cluster = await Cluster.start(options.cluster);
  onTestFinished(() => cluster.close());
  const variables = { REDIS_TIMEOUT_MS, HEAD_CHECK_MS: 500, ...options.variables };
  const site = await startSite({ ...options, cluster, variables });
  const shards = await cluster.shards();
  const rooms = shards.map((shard) => cluster.roomsOn(shard, options.roomsPerShard));
  const load = new RoomLoad(site, rooms.flat(), options.load);
  return { cluster, site, load, shards, rooms };
}

/** The counts of a run that kept every promise and reported no gap, with `viewers` in each room. */
export function allDelivered({ sent }: Counts, viewers = 1): Counts & { gaps: number } {
  return { ...nothingLost(sent, sent * viewers), gaps: 0 };
}

/** Proxies in front of servers of a cluster, and REDIS_NAT_MAP for a node that reaches them only through these. */
export async function startProxies(nodes: readonly ClusterNode[]) {
  const proxies = await Promise.all(nodes.map(({ port }) => TcpProxy.start(() => port)));
  onTestFinished(async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))));
  const natMap = nodes.map(({ address }, index) => `${address}=127.0.0.1:${proxies[index]!.port}`).join(',');
  return { proxies, variables: { REDIS_NAT_MAP: natMap } };
}
