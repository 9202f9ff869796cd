/**
 * Keeps the first `limit` of many items in the order of `compare`, using memory for `limit` items only. A
 * binary heap has the last kept item at its root, so rejecting an item costs one comparison. An item whose id
 * is already kept is not added again.
 */
export class BoundedTop<Item extends { readonly id: string }> {
  readonly #heap: Item[] = [];
  readonly #ids = new Set<string>();

  constructor(
    private readonly limit: number,
    /** Negative if `a` comes before `b`. Never 0 for different ids. */
    private readonly compare: (a: Item, b: Item) => number,
  ) {}

  /** Whether `add` would keep the item. */
  accepts(item: Item): boolean {
    if (this.limit === 0 || this.#ids.has(item.id)) return false;
    return this.#heap.length < this.limit || this.compare(item, this.#heap[0]!) < 0;
  }

  /** Adds an item, and drops the last one if the limit is exceeded. */
  add(item: Item): void {
    if (!this.accepts(item)) return;
    this.#ids.add(item.id);
    if (this.#heap.length < this.limit) {
      this.#heap.push(item);
      this.#rise(this.#heap.length - 1);
      return;
    }
    this.#ids.delete(this.#heap[0]!.id);
    this.#heap[0] = item;
    this.#sink(0);
  }

  /** The kept items, in order. */
  sorted(): Item[] {
    return [...this.#heap].sort(this.compare);
  }

  #rise(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isAfter(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(start: number): void {
    let index = start;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let last = index;
      if (left < this.#heap.length && this.#isAfter(left, last)) last = left;
      if (right < this.#heap.length && this.#isAfter(right, last)) last = right;
      if (last === index) return;
      this.#swap(index, last);
      index = last;
    }
  }

  #isAfter(index: number, other: number): boolean {
    return this.compare(this.#heap[index]!, this.#heap[other]!) > 0;
  }

  #swap(index: number, other: number): void {
    const item = this.#heap[index]!;
    this.#heap[index] = this.#heap[other]!;
    this.#heap[other] = item;
  }
}
