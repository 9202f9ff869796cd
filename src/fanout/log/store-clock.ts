/**
 * The store's clock, estimated on this node: the time that the store last reported, plus the time since then
 * on a monotonic clock. It is right even if this node's own clock is wrong.
 */
export class StoreClock {
  #offset = Number.NEGATIVE_INFINITY;

  /** `elapsed` is a monotonic clock in milliseconds. It may start at any value. */
  constructor(private readonly elapsed: () => number = () => performance.now()) {}

  /** Sets the clock to the time that the store just reported, in milliseconds since 1970. */
  heard(now: number): void {
    this.#offset = now - this.elapsed();
  }

  /** Milliseconds since 1970. Negative infinity until the store has reported its time. */
  get now(): number {
    return this.elapsed() + this.#offset;
  }
}
