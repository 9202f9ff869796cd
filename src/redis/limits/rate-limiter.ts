import { rateLimited, serviceUnavailable } from '#domain/errors.js';
import type { RateLimit, RateLimitedAction, RateLimiter } from '#domain/ports/limiter.js';
import { isActiveRoom, type ListServers } from '#redis/client/active-rooms.js';
import { limitKey } from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';
import { askPatiently } from './patience.js';

/** Settings of `createRateLimiter`. */
export interface RateLimiterOptions {
  servers: ListServers;
  limits: Readonly<Record<RateLimitedAction, RateLimit>>;
  /** Milliseconds that a request waits for Redis to count it. */
  timeoutMs: number;
  /** Whether to allow (`open`) or refuse (`closed`) a request that could not be counted in time. */
  onFailure: 'open' | 'closed';
  /** Called when a request could not be counted. Must not throw. */
  onError?(error: unknown): void;
}

const TOO_MANY: Readonly<Record<RateLimitedAction, string>> = {
  connections: 'Too many connections from your network. Wait a moment.',
  sessions: 'Too many new sessions from your network. Wait a moment.',
  rooms: 'Too many new rooms from your network. Wait a moment, or join a room that exists.',
};

/** A rate limiter that counts in Redis, so that all nodes share the counts. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { servers, limits, timeoutMs } = options;
  const takeScript = loadScript(servers.commands, 'limits/lua/take-limit-1.lua');

  /** Rooms that are being counted, by room and address. A crowd that opens a room at once counts as one. */
  const opening = new Map<string, Promise<void>>();

  // Clients without a known address, such as those of a closed connection, must not be counted together.
  const isUnlimited = (action: RateLimitedAction, address: string) =>
    limits[action].count === 0 || address === '';

  /** Counts one action. Returns 0 if it is allowed, else the milliseconds to wait. */
  async function count(action: RateLimitedAction, address: string): Promise<number> {
    const limit = limits[action];
    return Number(await takeScript([limitKey(action, address)], [limit.count, limit.windowMs]));
  }

  /**
   * Throws RATE_LIMITED if `ask` returns a time to wait. If it does not answer in time, applies `onFailure`.
   */
  async function enforce(action: RateLimitedAction, ask: () => Promise<number>): Promise<void> {
    let waitMs = 0;
    try {
      waitMs = await askPatiently(timeoutMs, ask);
    } catch (error) {
      options.onError?.(error);
      if (options.onFailure === 'open') return;
      throw serviceUnavailable('The server is busy. Try again shortly.', error);
    }
    if (waitMs > 0) throw rateLimited(TOO_MANY[action], waitMs);
  }

  return {
    take: (action, address) =>
      isUnlimited(action, address) ? undefined : enforce(action, () => count(action, address)),

    takeRoom: (roomId, address) => {
      if (isUnlimited('rooms', address)) return undefined;
      const name = `${roomId} ${address}`;
      const underWay = opening.get(name);
      if (underWay) return underWay;
      const taking = enforce('rooms', async () => {
        return (await isActiveRoom(servers, roomId)) ? 0 : count('rooms', address);
      }).finally(() => opening.delete(name));
      opening.set(name, taking);
      return taking;
    },
  };
}
