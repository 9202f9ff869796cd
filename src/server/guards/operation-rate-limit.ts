import { rateLimited } from '#domain/errors.js';
import type { RateLimit } from '#domain/ports/limiter.js';

/** Limits how fast one connection may start operations. Counted by this node only, in fixed windows. */
export class OperationRateLimit {
  #started = 0;
  /** On the node's monotonic clock, in milliseconds. */
  #windowEndsAt = 0;

  /** Counts one operation. Throws RATE_LIMITED if this window is used up. A count of 0 means no limit. */
  take({ count, windowMs }: RateLimit): void {
    if (count === 0) return;
    const now = Math.floor(performance.now());
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + windowMs;
      this.#started = 0;
    }
    if (this.#started >= count) {
      const message = `A connection may start at most ${count} operations in ${windowMs / 1_000} seconds.`;
      throw rateLimited(message, this.#windowEndsAt - now);
    }
    this.#started += 1;
  }
}
