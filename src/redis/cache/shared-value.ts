import type { Redis } from 'ioredis';
import { cacheKey, cacheLockKey } from '#redis/client/keys.js';

/**
 * How long a value stays in Redis after it stopped being fresh, in milliseconds: a node that has just started
 * can answer with it. The same on all nodes, since they tell from the expiry how fresh a value is.
 */
const STALE_MS = 60_000;

/** The lock of a node that died in the middle of a load expires after so many milliseconds. */
const LOCK_MS = 3_000;

/** A value as it is in Redis. */
export interface StoredValue {
  json: string;
  /** Milliseconds for which it needs no renewal. Not positive if it is stale. */
  freshForMs: number;
}

/**
 * A value that all nodes share, and the lock that lets one of them renew it. No clock is compared: the expiry of
 * the key, counted by Redis, tells how fresh the value is. All functions throw what Redis gives as an error.
 */
export function createSharedValue(commands: Redis, name: string, maxBytes: number) {
  const [key, lock] = [cacheKey(name), cacheLockKey(name)];

  async function freshness(): Promise<number> {
    // -1 and -2 are no expiry and no key.
    return (await commands.pttl(key)) - STALE_MS;
  }

  return {
    freshness,

    /** The stored value; undefined if there is none, or if it is too large to be ours. */
    async read(): Promise<StoredValue | undefined> {
      // The expiry first: a value that is replaced in between is then taken for older than it is.
      const [freshForMs, json] = await Promise.all([freshness(), commands.getrange(key, 0, maxBytes)]);
      return json === '' || Buffer.byteLength(json) > maxBytes ? undefined : { json, freshForMs };
    },

    /** Stores a value that needs no renewal for this long. Leaves out one that is too large. */
    async store({ json, freshForMs }: StoredValue): Promise<void> {
      if (Buffer.byteLength(json) > maxBytes) throw new Error(`The value ${name} is too large to be shared.`);
      await commands.set(key, json, 'PX', Math.ceil(freshForMs) + STALE_MS);
    },

    /**
     * Runs a load under the lock, unless another node holds it; then it returns false. A load may take longer
     * than the lock lasts: the lock is extended meanwhile.
     */
    async underLock(load: () => Promise<void>): Promise<boolean> {
      if ((await commands.set(lock, '1', 'PX', LOCK_MS, 'NX')) === null) return false;
      const extending = setInterval(() => {
        // If this fails the lock expires, and at worst two nodes load at the same time.
        commands.pexpire(lock, LOCK_MS).catch(() => undefined);
      }, LOCK_MS / 3);
      try {
        await load();
      } finally {
        clearInterval(extending);
        await commands.del(lock).catch(() => undefined);
      }
      return true;
    },
  };
}

/** What `createSharedValue` returns. */
export type SharedValue = ReturnType<typeof createSharedValue>;
