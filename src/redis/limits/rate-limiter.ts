import type { Redis } from 'ioredis';
import { rateLimited, serviceUnavailable } from '#domain/errors.js';
import type { PacedKind, RateLimit, RateLimiter } from '#domain/ports/limiter.js';
import { limitKey } from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';

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
};

/** Limits whose counts lie in Redis, where all nodes see them. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { commands, limits, timeoutMs } = options;
  const run = loadScript(commands, new URL('./lua/take-limit-1.lua', import.meta.url));

  async function waitOf(kind: PacedKind, address: string): Promise<number> {
    const { count, windowMs } = limits[kind];
    try {
      const taking = run([limitKey(kind, address)], [count, windowMs]);
      return Number(await within(timeoutMs, taking));
    } catch (error) {
      options.onError?.(error);
      if (options.onFailure === 'open') return 0;
      throw serviceUnavailable('The server is too busy at the moment. Please try again.', error);
    }
  }

  return {
    take: (kind, address) => {
      // Those whose address is not known, as of a connection that is closed, must not be counted together.
      if (limits[kind].count === 0 || address === '') return undefined;
      return waitOf(kind, address).then((waitMs) => {
        if (waitMs > 0) throw rateLimited(TOO_MANY[kind], waitMs);
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
