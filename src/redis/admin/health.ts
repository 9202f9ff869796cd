import type { Redis } from 'ioredis';
import { orUnavailable } from '#redis/client/errors.js';

/** What there is to know of the Redis that is used. */
export interface RedisInfo {
  /** As Redis gives it: `7.2.5`. Empty where it does not. */
  version: string;
  /** What Redis does where its memory is full: `noeviction`, `allkeys-lru` and so on. */
  maxmemoryPolicy: string;
  /** Bytes that Redis may use; 0 for no limit. */
  maxmemory: number;
  /** `standalone`, `sentinel` or `cluster`. */
  mode: string;
}

/** Resolves once Redis has answered; throws SERVICE_UNAVAILABLE where it does not. */
export async function pingRedis(commands: Redis): Promise<void> {
  await orUnavailable('Redis does not answer.', () => commands.ping());
}

/** Asks INFO alone: CONFIG GET is often refused. Throws SERVICE_UNAVAILABLE where INFO is refused too. */
export async function inspectRedis(commands: Redis): Promise<RedisInfo> {
  const text = await orUnavailable('Redis does not tell of itself.', () => commands.info());
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
    mode: fields.get('redis_mode') ?? 'standalone',
  };
}

/** What whoever runs this should know about that Redis, and do; empty where all is well. */
export function redisWarnings({ version, maxmemoryPolicy, maxmemory }: RedisInfo): string[] {
  const warnings: string[] = [];
  if (maxmemory > 0 && maxmemoryPolicy !== '' && maxmemoryPolicy !== 'noeviction') {
    warnings.push(
      `Redis evicts keys where its memory is full (maxmemory-policy ${maxmemoryPolicy}), so messages may vanish ` +
        'before their time. Run "CONFIG SET maxmemory-policy noeviction" and put it into redis.conf.',
    );
  }
  if (version !== '' && Number.parseInt(version, 10) < 7) {
    warnings.push(`Redis ${version} is older than 7.0, which this is made for. Please upgrade it.`);
  }
  return warnings;
}
