import { rateLimited } from '#domain/errors.js';
import type { RateLimit } from '#domain/ports/limiter.js';

/** How fast one connection begins operations, counted on this node alone. */
export class Pace {
  #begun = 0;
  /** In milliseconds of the node's own clock. */
  #windowEnds = 0;

  /** Throws RATE_LIMITED, where it began too many in this window. */
  begin({ count, windowMs }: RateLimit): void {
    if (count === 0) return;
    const now = Math.floor(performance.now());
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + windowMs;
      this.#begun = 0;
    }
    if (this.#begun >= count) {
      const message = `A connection may begin ${count} operations in ${windowMs / 1_000} seconds.`;
      throw rateLimited(message, this.#windowEnds - now);
    }
    this.#begun += 1;
  }
}
