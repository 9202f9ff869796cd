import { type Address, addressText } from '#redis/client/address.js';
import type { ConnectOptions } from '#redis/client/connections.js';
import type { SentinelSettings } from '#redis/client/sentinel/settings.js';
import type { ClusterOptions } from '#redis/client/shards/cluster.js';
import { type RedisTls, readTlsFiles } from '#redis/client/tls.js';

/** Where Redis is, as configured. */
export interface RedisConfig {
  readonly redisUrl?: string | undefined;
  readonly redisCluster?:
    | {
        readonly nodes: readonly Address[];
        /** Announced addresses, and what to connect to instead. */
        readonly natMap: readonly (readonly [Address, Address])[];
      }
    | undefined;
  readonly redisSentinel?: Omit<SentinelSettings, 'server' | 'tls'> | undefined;
  readonly redisServers: SentinelSettings['server'] & { readonly tls: 'none' | 'servers' | 'all' };
  /** The paths of PEM files. */
  readonly redisTls: Readonly<Record<keyof RedisTls, string | undefined>>;
}

/** What `openServers` needs to reach Redis. */
export type Location =
  | Pick<ConnectOptions, 'url' | 'sentinel' | 'tls'>
  | Pick<ClusterOptions, 'nodes' | 'natMap' | 'username' | 'password' | 'secure' | 'tls'>;

/** Whether the configuration says where Redis is. */
export function hasLocation({ redisUrl, redisCluster, redisSentinel }: RedisConfig): boolean {
  return (redisUrl ?? redisCluster ?? redisSentinel) !== undefined;
}

/** The location of Redis. Throws an error that names the variable of a file that cannot be read. */
export function locationOf(config: RedisConfig): Location {
  const files = readTlsFiles(config.redisTls);
  const { redisCluster, redisSentinel, redisServers } = config;
  const secure = redisServers.tls !== 'none';
  if (redisCluster !== undefined) {
    const { username, password } = redisServers;
    const natMap = new Map(redisCluster.natMap.map(([from, to]) => [addressText(from), to]));
    return { nodes: redisCluster.nodes, natMap, username, password, secure, tls: files };
  }
  if (redisSentinel === undefined) return { url: config.redisUrl, tls: files };
  const tls = files ?? {};
  return {
    sentinel: { ...redisSentinel, server: redisServers, tls: redisServers.tls === 'all' ? tls : undefined },
    tls: secure ? tls : undefined,
  };
}
