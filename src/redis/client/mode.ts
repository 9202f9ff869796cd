import type { Redis } from 'ioredis';
import { RedisModeError } from './errors.js';

/** What a server is: one that stands alone, or a node of a Cluster. */
export type RedisMode = 'single' | 'cluster';

/**
 * How a server runs, by the fields of its INFO: `standalone`, `sentinel` or `cluster`. Valkey reports `server_mode`
 * instead of `redis_mode`. If neither is reported, the server counts as standalone.
 */
export function modeOf(field: (name: string) => string | undefined): string {
  return field('redis_mode') ?? field('server_mode') ?? 'standalone';
}

/**
 * The error for a server that is not what it was expected to be. It says what to set instead. `mode` is that of its
 * INFO.
 */
export function modeError(
  { options: { host, port } }: Redis,
  expected: RedisMode,
  mode: string,
): RedisModeError {
  const variable = expected === 'single' ? 'REDIS_URL' : 'REDIS_CLUSTER_NODES';
  if (mode === 'sentinel') {
    return new RedisModeError(
      `${variable} leads to a Sentinel: set REDIS_SENTINELS and REDIS_SENTINEL_NAME instead of ${variable}.`,
    );
  }
  return new RedisModeError(
    expected === 'single'
      ? 'REDIS_URL leads to a Redis in cluster mode: set REDIS_CLUSTER_NODES to host:port of some of its nodes instead.'
      : `REDIS_CLUSTER_NODES names ${host}:${port}, which is not in cluster mode: set REDIS_URL to a single Redis instead.`,
  );
}

/** Whether a client has met a server of the wrong kind. */
export interface ModeWatch {
  /** The latest error. Undefined if there was none, and once the client is ready. */
  readonly error: RedisModeError | undefined;
  /** Rejects with the first error. Never resolves. */
  readonly failed: Promise<never>;
}

/** Watches the errors of a client for those of `modeError`. */
export function watchMode(client: Redis): ModeWatch {
  let latest: RedisModeError | undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    client.on('error', (error: Error) => {
      if (!(error instanceof RedisModeError)) return;
      latest = error;
      reject(error);
    });
  });
  // Nobody may be waiting for it.
  failed.catch(() => undefined);
  client.on('ready', () => {
    latest = undefined;
  });
  return {
    get error() {
      return latest;
    },
    failed,
  };
}
