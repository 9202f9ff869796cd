import { type Address, addressText } from '#redis/client/address.js';
import type { ConnectOptions } from '#redis/client/connections.js';
import type { SentinelSettings } from '#redis/client/sentinel/settings.js';
import type { ClusterOptions } from '#redis/client/shards/cluster.js';
import { type RedisTls, readTlsFiles } from '#redis/client/tls.js';

/** Where Redis is, as configured. */
export interface RedisConfig {
  readonly redisUrl?: string | undefined;
  readonly redisCluster?: Pick<ClusterOptions, 'nodes'> | undefined;
  readonly redisSentinel?: Omit<SentinelSettings, 'server' | 'tls' | 'natMap'> | undefined;
  readonly redisServers: SentinelSettings['server'] & {
    readonly tls: 'none' | 'servers' | 'all';
    /** Announced addresses, and what to connect to instead. */
    readonly natMap: readonly (readonly [Address, Address])[];
  };
  /** The paths of PEM files. */
  readonly redisTls: Readonly<Record<keyof RedisTls, string | undefined>>;
}

/** What `openServers` needs to reach Redis. */
export type Location =
  | Pick<ConnectOptions, 'url' | 'sentinel' | 'tls'>
  | Pick<ClusterOptions, 'nodes' | 'natMap' | 'username' | 'password' | 'secure' | 'tls'>;

/** The location of Redis. Throws an error that names the variable of a file that cannot be read. */
export function locationOf(config: RedisConfig): Location {
  const files = readTlsFiles(config.redisTls);
  const { redisCluster, redisSentinel, redisServers } = config;
  const { username, password, database } = redisServers;
  const secure = redisServers.tls !== 'none';
  const natMap = new Map(redisServers.natMap.map(([from, to]) => [addressText(from), to]));
  if (redisCluster !== undefined) {
    return { nodes: redisCluster.nodes, natMap, username, password, secure, tls: files };
  }
  if (redisSentinel === undefined) return { url: config.redisUrl, tls: files };
  const tls = files ?? {};
  const server = { username, password, database };
  return {
    sentinel: { ...redisSentinel, natMap, server, tls: redisServers.tls === 'all' ? tls : undefined },
    tls: secure ? tls : undefined,
  };
}
