import type { Cache, CacheSource } from '#domain/ports/cache.js';
import type { Closeable } from '#domain/ports/feed.js';
import type { RedisHooks } from '#redis/client/hooks.js';
import type { Servers } from '#redis/client/servers.js';
import { RenewedValue } from './cached-value.js';
import { createSharedValue } from './shared-value.js';

export interface CacheOptions {
  servers: Pick<Servers, 'commands' | 'isCluster'>;
  /** Size limit of a shared value, in bytes of JSON. Each node loads larger values for itself. */
  maxBytes?: number;
  hooks?: RedisHooks;
}

/**
 * Creates the cache. Values are served from memory. When a value older than a second is read, one node renews
 * it for all nodes. `close` aborts renewals and waits until they have ended.
 */
export function createCache({ servers, maxBytes = 1 << 20, hooks = {} }: CacheOptions): Cache & Closeable {
  const values: { settled(): Promise<void> }[] = [];
  const closing = new AbortController();
  return {
    value<Value>(source: CacheSource<Value>) {
      const value = new RenewedValue(
        source,
        createSharedValue(servers, source.name, maxBytes),
        closing.signal,
        (error) => hooks.onError?.(`cache ${source.name}`, error),
      );
      values.push(value);
      return value;
    },

    async close() {
      closing.abort();
      await Promise.all(values.map((value) => value.settled()));
    },
  };
}
