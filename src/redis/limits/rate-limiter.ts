import type { Redis } from 'ioredis';
import { rateLimited, serviceUnavailable } from '#domain/errors.js';
import type { PacedKind, RateLimit, RateLimiter } from '#domain/ports/limiter.js';
import { limitKey, ROOMS_ACTIVE } from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';
import { askPatiently } from './patience.js';

/** What the limiter is made of. */
export interface RateLimiterOptions {
  commands: Redis;
  limits: Readonly<Record<PacedKind, RateLimit>>;
  /** How long Redis may take to count, in milliseconds: a request waits no longer. */
  timeoutMs: number;
  /** What becomes of a request that could not be counted in time. */
  onFailure: 'open' | 'closed';
  /** Told where a request could not be counted. Must not throw. */
  onError?(error: unknown): void;
}

const TOO_MANY: Readonly<Record<PacedKind, string>> = {
  connections: 'Too many connections from your network. Please wait a moment.',
  sessions: 'Too many sessions are started from your network. Please wait a moment.',
  rooms: 'Too many new rooms are opened from your network. Please wait a moment, or join a room that exists.',
};

/** Limits whose counts lie in Redis, where all nodes see them. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { commands, limits, timeoutMs } = options;
  const run = loadScript(commands, new URL('./lua/take-limit-1.lua', import.meta.url));

  /** Rooms that are being taken, by address and room: a crowd that opens a room together opens one room. */
  const opening = new Map<string, Promise<void>>();

  // Clients without a known address, such as those of a closed connection, must not be counted together.
  const isUnlimited = (kind: PacedKind, address: string) => limits[kind].count === 0 || address === '';

  /** Counts one of this kind, or returns the milliseconds until one may be counted. */
  async function count(kind: PacedKind, address: string): Promise<number> {
    const limit = limits[kind];
    return Number(await run([limitKey(kind, address)], [limit.count, limit.windowMs]));
  }

  /** Throws RATE_LIMITED if `ask` returns a time to wait. If there is no answer, does what is configured. */
  async function hold(kind: PacedKind, ask: () => Promise<number>): Promise<void> {
    let waitMs = 0;
    try {
      waitMs = await askPatiently(timeoutMs, ask);
    } catch (error) {
      options.onError?.(error);
      if (options.onFailure === 'open') return;
      throw serviceUnavailable('The server is too busy at the moment. Please try again.', error);
    }
    if (waitMs > 0) throw rateLimited(TOO_MANY[kind], waitMs);
  }

  return {
    take: (kind, address) =>
      isUnlimited(kind, address) ? undefined : hold(kind, () => count(kind, address)),

    takeRoom: (roomId, address) => {
      if (isUnlimited('rooms', address)) return undefined;
      const name = `${roomId} ${address}`;
      const underWay = opening.get(name);
      if (underWay) return underWay;
      const taking = hold('rooms', async () => {
        const isActive = (await commands.sismember(ROOMS_ACTIVE, roomId)) === 1;
        return isActive ? 0 : count('rooms', address);
      }).finally(() => opening.delete(name));
      opening.set(name, taking);
      return taking;
    },
  };
}
