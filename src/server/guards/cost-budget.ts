import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChatError, rateLimited } from '#domain/errors.js';
import type { Handler } from '#server/http/server.js';

/** What one address may spend. */
export interface Budget {
  /** The points of a full bucket, which refills within `windowMs` milliseconds. 0 means no limit. */
  points: number;
  windowMs: number;
}

/**
 * Limits how much work each network address causes, over all transports of this node. Every address has a bucket of
 * points, which refills continuously (a token bucket). What an operation costs is only known after some of it has been
 * paid for, so an address may overdraw its bucket. It is then refused until it has paid back.
 *
 * Counted by this node only: a count in Redis would cost more than most operations do.
 */
export class CostBudget {
  /** When each bucket will be full again, on the clock of `now`. Buckets that are full have no entry, or an old one. */
  readonly #fullAt = new Map<string, number>();
  #sweepAt = 0;

  constructor(
    private readonly budget: Budget,
    /** A monotonic clock, in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether the points of an address are counted. Nothing is counted for an empty address. */
  counts(address: string): boolean {
    return this.budget.points > 0 && address !== '';
  }

  /** The number of addresses in memory. */
  get size(): number {
    return this.#fullAt.size;
  }

  /**
   * Spends points, even more than are left. If the bucket is overdrawn already, returns RATE_LIMITED instead and spends
   * nothing. `overdraft` points are tolerated, and so are those that the same operation has `paid` before.
   */
  spend(address: string, points: number, { overdraft = 0, paid = 0 } = {}): ChatError | undefined {
    if (!this.counts(address)) return undefined;
    const waitMs = this.waitMs(address, overdraft);
    if (waitMs > 0 && waitMs > this.#msFor(paid)) return rateLimited(TOO_MUCH, waitMs);
    this.charge(address, points);
    return undefined;
  }

  /** How long, in milliseconds, until a bucket is overdrawn by no more than `overdraft` points. 0 if it is not. */
  waitMs(address: string, overdraft: number): number {
    if (!this.counts(address)) return 0;
    const now = this.now();
    // An empty bucket takes a whole window to fill.
    const overdrawnMs = (this.#fullAt.get(address) ?? now) - now - this.budget.windowMs;
    return Math.max(0, overdrawnMs - this.#msFor(overdraft));
  }

  /** The points of a full bucket. */
  get capacity(): number {
    return this.budget.points;
  }

  /** Takes points for work that was admitted before, even if the bucket is overdrawn. Negative points are a refund. */
  charge(address: string, points: number): void {
    if (!this.counts(address)) return;
    const now = this.now();
    const fullAt = Math.max(this.#fullAt.get(address) ?? now, now);
    this.#fullAt.set(address, fullAt + this.#msFor(points));
    this.#sweep(now);
  }

  /** How long a bucket takes to refill so many points. */
  #msFor(points: number): number {
    return (points * this.budget.windowMs) / this.budget.points;
  }

  /** Forgets full buckets, once per window. */
  #sweep(now: number): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + this.budget.windowMs;
    for (const [address, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(address);
  }
}

const TOO_MUCH = 'Operations from this network address cost too much at the moment. Try again shortly.';

/** Refuses requests whose address has overdrawn its budget, before their bodies are looked at. */
export function limitCost(
  handler: Handler,
  options: {
    spend(request: IncomingMessage): ChatError | undefined;
    refuse(request: IncomingMessage, response: ServerResponse, error: ChatError): void;
  },
): Handler {
  return (request, response) => {
    const error = options.spend(request);
    return error === undefined ? handler(request, response) : options.refuse(request, response, error);
  };
}
