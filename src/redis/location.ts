import type { ConnectOptions } from '#redis/client/connections.js';
import type { SentinelSettings } from '#redis/client/sentinel/settings.js';
import { type RedisTls, readTlsFiles } from '#redis/client/tls.js';

/** Where Redis is, as configured. */
export interface RedisConfig {
  readonly redisUrl?: string | undefined;
  readonly redisSentinel?: Omit<SentinelSettings, 'server' | 'tls'> | undefined;
  readonly redisServers: SentinelSettings['server'] & { readonly tls: 'none' | 'servers' | 'all' };
  /** The paths of PEM files. */
  readonly redisTls: Readonly<Record<keyof RedisTls, string | undefined>>;
}

/** What `openServers` needs to reach Redis. Throws an error that names the variable of a file that cannot be read. */
export function locationOf(config: RedisConfig): Pick<ConnectOptions, 'url' | 'sentinel' | 'tls'> {
  const files = readTlsFiles(config.redisTls);
  const { redisSentinel, redisServers } = config;
  if (redisSentinel === undefined) return { url: config.redisUrl, tls: files };
  const tls = files ?? {};
  return {
    sentinel: { ...redisSentinel, server: redisServers, tls: redisServers.tls === 'all' ? tls : undefined },
    tls: redisServers.tls === 'none' ? undefined : tls,
  };
}
