import { Redis } from 'ioredis';
import { messagesKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import type { ClusterOptions as ConnectOptions } from '#redis/client/shards/cluster.js';
import { openServers } from '#redis/servers.js';
import { Cluster, type ClusterOptions } from '#test/support/cluster.js';

/** A cluster for a test file, and what nodes know of it. */
export interface ClusterFixture {
  cluster: Cluster;
  /** The calls of the hooks as text. */
  reported: string[];
  /** The connections of another node, all of them up. They are closed with the fixture. */
  connect(options?: Partial<ConnectOptions>): Promise<Servers>;
  /** Closes a part with the fixture, before its connections. Returns the part. */
  use<T extends { close(): Promise<void> }>(part: T): T;
  /** A connection of the test to the primary that has a room. */
  ownerOf(roomId: string): Promise<Redis>;
  /** Removes all data. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export async function startClusterFixture(options?: ClusterOptions): Promise<ClusterFixture> {
  const cluster = await Cluster.start(options);
  const reported: string[] = [];
  const parts: { close(): Promise<void> }[] = [{ close: () => cluster.close() }];
  const owners = new Map<string, Redis>();
  const use = <T extends { close(): Promise<void> }>(part: T): T => {
    parts.unshift(part);
    return part;
  };
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const { username, password, protocol } = new URL(cluster.nodes[0]!.testerUrl);
  return {
    cluster,
    reported,
    use,
    async connect(more = {}) {
      const servers = use(
        openServers({
          nodes,
          ...(password !== '' && { username, password }),
          secure: protocol === 'rediss:',
          hooks: { onError: (where, error) => void reported.push(`${where}: ${error}`) },
          ...more,
        }),
      );
      if (!(await servers.ready(10_000))) throw new Error(`Not connected: ${reported.join('\n')}`);
      return servers;
    },
    async ownerOf(roomId) {
      const { primary } = await cluster.shardOf(messagesKey(roomId));
      const owner = owners.get(primary.address) ?? new Redis(primary.testerUrl);
      owners.set(primary.address, owner);
      return owner;
    },
    flush: async () => {
      for (const { primary } of await cluster.shards()) await primary.cli('FLUSHALL');
    },
    async close() {
      for (const owner of owners.values()) owner.disconnect();
      for (const part of parts) await part.close();
    },
  };
}
