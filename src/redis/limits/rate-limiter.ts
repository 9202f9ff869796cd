import type { Redis } from 'ioredis';
import { rateLimited, serviceUnavailable } from '#domain/errors.js';
import type { RateLimit, RateLimitedAction, RateLimiter } from '#domain/ports/limiter.js';
import { limitKey } from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';

/** Settings of `createRateLimiter`. */
export interface RateLimiterOptions {
  commands: Redis;
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
};

/** A rate limiter that counts in Redis, so that all nodes share the counts. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { commands, limits, timeoutMs } = options;
  const takeScript = loadScript(commands, 'limits/lua/take-limit-1.lua');

  /** Counts one action. Returns 0 if it is allowed, else the milliseconds to wait. */
  async function countAction(action: RateLimitedAction, address: string): Promise<number> {
    const { count, windowMs } = limits[action];
    try {
      const waitMs = takeScript([limitKey(action, address)], [count, windowMs]);
      return Number(await within(timeoutMs, waitMs));
    } catch (error) {
      options.onError?.(error);
      if (options.onFailure === 'open') return 0;
      throw serviceUnavailable('The server is busy. Try again shortly.', error);
    }
  }

  return {
    take: (action, address) => {
      // The address of a closed connection is unknown. All unknown addresses must not share one limit.
      if (limits[action].count === 0 || address === '') return undefined;
      return countAction(action, address).then((waitMs) => {
        if (waitMs > 0) throw rateLimited(TOO_MANY[action], waitMs);
      });
    },
  };
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
