/**
 * The newest items of an endless sequence, each at a position that never changes and is never used
 * again. `start` is the oldest position held, `end` the next to be given; at most `capacity` are held.
 */
export class Ring<T> {
  readonly #slots: (T | undefined)[] = [];
  #start = 0;
  #end = 0;

  constructor(readonly capacity: number) {}

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Adds an item at `end`; drops the oldest where the ring is full. */
  push(item: T): void {
    this.#slots[this.#end % this.capacity] = item;
    this.#end += 1;
    if (this.#end - this.#start > this.capacity) this.#start += 1;
  }

  /** The item at a position; undefined where it is no longer, or not yet, held. */
  at(position: number): T | undefined {
    if (position < this.#start || position >= this.#end) return undefined;
    return this.#slots[position % this.capacity];
  }

  /** Drops the oldest item. */
  shift(): void {
    if (this.#start === this.#end) return;
    this.#slots[this.#start % this.capacity] = undefined;
    this.#start += 1;
  }

  /** Drops everything and leaves out one position, so that no position from before is at or past `start`. */
  reset(): void {
    this.#slots.length = 0;
    this.#start = this.#end += 1;
  }
}
