import { cacheKey, cacheLockKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';

/**
 * How long a stale value stays in Redis, in milliseconds, so that a node that just started can serve it. Must
 * be the same on all nodes, because they derive the freshness of a value from its expiry.
 */
const STALE_MS = 60_000;

/** Milliseconds until the lock of a node that died during a load expires. */
const LOCK_MS = 3_000;

/** A value as it is stored in Redis. */
export interface StoredValue {
  json: string;
  /** Milliseconds until the value is stale. 0 or negative if it is stale already. */
  freshForMs: number;
}

/**
 * A value that all nodes share, and the lock that lets one of them renew it. Freshness is derived from the
 * key's remaining expiry, so the nodes' clocks do not matter. All functions throw Redis errors unchanged.
 */
export function createSharedValue(
  { commands, isCluster }: Pick<Servers, 'commands' | 'isCluster'>,
  name: string,
  maxBytes: number,
) {
  const [key, lock] = [cacheKey(name), cacheLockKey(name)];

  async function freshness(): Promise<number> {
    // PTTL returns -1 for a key without expiry and -2 for a missing key. Both are stale.
    return (await commands.pttl(key)) - STALE_MS;
  }

  return {
    freshness,

    /** Whether Redis may serve other keys while this one cannot be reached. */
    isOnShard: isCluster,

    /** The stored value. Undefined if there is none, or if it is too large to be ours. */
    async read(): Promise<StoredValue | undefined> {
      // Read the expiry first. If the value is replaced in between, it only seems older than it is.
      const [freshForMs, json] = await Promise.all([freshness(), commands.getrange(key, 0, maxBytes)]);
      return json === '' || Buffer.byteLength(json) > maxBytes ? undefined : { json, freshForMs };
    },

    /** Stores a value that stays fresh for `freshForMs`. Throws if it is too large. */
    async store({ json, freshForMs }: StoredValue): Promise<void> {
      if (Buffer.byteLength(json) > maxBytes)
        throw new Error(`The cached value ${name} is too large to share between nodes.`);
      await commands.set(key, json, 'PX', Math.ceil(freshForMs) + STALE_MS);
    },

    /**
     * Runs a load while holding the lock, which is extended until the load has ended. Returns false without
     * loading if another node holds the lock.
     */
    async underLock(load: () => Promise<void>): Promise<boolean> {
      if ((await commands.set(lock, '1', 'PX', LOCK_MS, 'NX')) === null) return false;
      const extending = setInterval(() => {
        // If this fails, the lock expires, and two nodes may load at the same time.
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
