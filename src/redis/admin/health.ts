import type { Redis } from 'ioredis';
import { orUnavailable } from '#redis/client/errors.js';
import type { Servers } from '#redis/client/servers.js';

/** Facts about the Redis server, from INFO. */
export interface RedisInfo {
  /** Such as `7.2.5`. Empty if Redis does not report it. */
  version: string;
  /** What Redis does when its memory is full: `noeviction`, `allkeys-lru` and so on. */
  maxmemoryPolicy: string;
  /** Bytes that Redis may use. 0 means no limit. */
  maxmemory: number;
}

/**
 * Reads facts about the server from INFO, because many providers forbid CONFIG GET. Throws
 * SERVICE_UNAVAILABLE if INFO fails as well.
 */
export async function inspectRedis(redis: Redis): Promise<RedisInfo> {
  const text = await orUnavailable('Redis does not answer INFO.', () => redis.info());
  const fields = new Map(
    text.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)] as const;
    }),
  );
  return {
    version: fields.get('redis_version') ?? '',
    maxmemoryPolicy: fields.get('maxmemory_policy') ?? '',
    maxmemory: Number(fields.get('maxmemory') ?? 0),
  };
}

/**
 * Warnings about the settings of all servers that are connected. In a Cluster, each begins with the shard that it is
 * about. Throws SERVICE_UNAVAILABLE if one of them does not answer.
 */
export async function warningsOf(servers: Pick<Servers, 'connected'>): Promise<string[]> {
  const warnings = await Promise.all(
    servers.connected().map(async ({ name, redis }) => {
      const found = redisWarnings(await inspectRedis(redis));
      return name === '' ? found : found.map((warning) => `Shard ${name}: ${warning}`);
    }),
  );
  return warnings.flat();
}

/** Warnings for the operator about a server's settings, each with its remedy. Empty if all is well. */
export function redisWarnings({ version, maxmemoryPolicy, maxmemory }: RedisInfo): string[] {
  const warnings: string[] = [];
  if (maxmemory > 0 && maxmemoryPolicy !== '' && maxmemoryPolicy !== 'noeviction') {
    warnings.push(
      `Redis evicts keys when its memory is full (maxmemory-policy ${maxmemoryPolicy}), so messages may disappear ` +
        'early. Run "CONFIG SET maxmemory-policy noeviction" and add the setting to redis.conf.',
    );
  }
  if (version !== '' && Number.parseInt(version, 10) < 7) {
    warnings.push(`Redis ${version} is not supported. Upgrade to 7.0 or later.`);
  }
  return warnings;
}
