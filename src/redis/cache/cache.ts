import type { Redis } from 'ioredis';
import type { Cache, CacheSource } from '#domain/ports/cache.js';
import type { Closeable } from '#domain/ports/feed.js';
import type { RedisHooks } from '#redis/client/connections.js';
import { RenewedValue } from './cached-value.js';
import { createSharedValue } from './shared-value.js';

export interface CacheOptions {
  /** With autopipelining. */
  commands: Redis;
  /** The largest value that is shared, in bytes of JSON. A larger one is loaded by each node for itself. */
  maxBytes?: number;
  hooks?: RedisHooks;
}

/**
 * Opens the cache: a value is served from memory, and renewed by one node for all of them when somebody asks for
 * it and it is older than a second. `close` stops renewals and waits for their end.
 */
export function createCache({ commands, maxBytes = 1 << 20, hooks = {} }: CacheOptions): Cache & Closeable {
  const values: { settled(): Promise<void> }[] = [];
  const closing = new AbortController();
  return {
    value<Value>(source: CacheSource<Value>) {
      const value = new RenewedValue(
        source,
        createSharedValue(commands, source.name, maxBytes),
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
