import type { IncomingMessage } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { RateLimiter } from '#domain/ports/limiter.js';
import { ALLOWED, type Guard, type Refused, tryAgainLater, type Verdict } from './guard.js';

export interface ConnectionRateLimitOptions {
  limiter: RateLimiter;
  addressOf(request: IncomingMessage): string;
  /** Converts an error to one that clients may see; see errors.ts. */
  formatError(error: unknown): GraphQLError;
}

/** Used if the error does not say when to try again, in milliseconds. */
const DEFAULT_RETRY_AFTER_MS = 1_000;

/**
 * Limits how fast an address may open long-lived connections, counted over all nodes. Refuses with 429, or
 * with 503 if the connection cannot be counted and the limiter fails closed.
 */
export class ConnectionRateLimit implements Guard {
  constructor(private readonly options: ConnectionRateLimitOptions) {}

  check(request: IncomingMessage): Verdict | Promise<Verdict> {
    const { limiter, addressOf } = this.options;
    const taken = limiter.take('connections', addressOf(request));
    if (taken === undefined) return ALLOWED;
    return taken.then(
      () => ALLOWED,
      (error: unknown) => this.#refused(error),
    );
  }

  #refused(cause: unknown): Refused {
    const error = this.options.formatError(cause);
    const { code, retryAfterMs = DEFAULT_RETRY_AFTER_MS } = error.extensions as {
      code?: unknown;
      retryAfterMs?: number;
    };
    return tryAgainLater('rate', code === 'RATE_LIMITED' ? 429 : 503, error.toJSON(), retryAfterMs);
  }
}
