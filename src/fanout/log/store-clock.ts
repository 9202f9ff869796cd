/**
 * The store's clock, as this node knows it: the time that the store last told, and how much has passed since by
 * a clock that nobody sets. A node whose own clock is wrong by an hour gets the same.
 */
export class StoreClock {
  #offset = Number.NEGATIVE_INFINITY;

  /** `elapsed` is a monotonic clock in milliseconds, from any beginning. */
  constructor(private readonly elapsed: () => number = () => performance.now()) {}

  /** Sets the clock to what the store just told, in milliseconds since 1970. */
  heard(now: number): void {
    this.#offset = now - this.elapsed();
  }

  /** Milliseconds since 1970 by the store's clock; negative infinity until it was heard. */
  get now(): number {
    return this.elapsed() + this.#offset;
  }
}
