/**
 * Holds the newest `capacity` items of an endless sequence. Each item has a position that never changes and
 * is never reused. `start` is the oldest position held, and `end` is the position of the next item.
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

  /** Adds an item at `end`. Drops the oldest item if the ring is full. */
  push(item: T): void {
    this.#slots[this.#end % this.capacity] = item;
    this.#end += 1;
    if (this.#end - this.#start > this.capacity) this.#start += 1;
  }

  /** The item at a position. Undefined if it was dropped or not added yet. */
  at(position: number): T | undefined {
    if (position < this.#start || position >= this.#end) return undefined;
    return this.#slots[position % this.capacity];
  }

  /** Replaces the item at a position. Ignores positions that are not held. */
  replace(position: number, item: T): void {
    if (this.at(position) !== undefined) this.#slots[position % this.capacity] = item;
  }

  /** Drops the oldest item. */
  shift(): void {
    if (this.#start === this.#end) return;
    this.#slots[this.#start % this.capacity] = undefined;
    this.#start += 1;
  }

  /** Drops all items and skips one position, so that every earlier position is less than `start`. */
  reset(): void {
    this.#slots.length = 0;
    this.#start = this.#end += 1;
  }
}
