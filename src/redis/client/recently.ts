/**
 * Remembers names for a while, to do something at most once in that time. Names are arbitrary, so its memory must be
 * bounded: beyond `limit` names, the one noted first is forgotten. What is to be done is then done once more than
 * needed, which must be harmless.
 */
export class Recently {
  /** When each name was noted, the oldest first. */
  readonly #notedAt = new Map<string, number>();

  constructor(
    /** How long a name is remembered, in milliseconds. */
    private readonly forMs: number,
    private readonly limit: number,
    /** A monotonic clock in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Notes a name. Returns false, and keeps the earlier time, if it is remembered already. */
  note(name: string): boolean {
    const now = this.now();
    const notedAt = this.#notedAt.get(name);
    if (notedAt !== undefined && now - notedAt < this.forMs) return false;
    this.#notedAt.delete(name);
    this.#notedAt.set(name, now);
    for (const [oldest, at] of this.#notedAt) {
      if (this.#notedAt.size <= this.limit && now - at < this.forMs) break;
      this.#notedAt.delete(oldest);
    }
    return true;
  }

  forget(name: string): void {
    this.#notedAt.delete(name);
  }

  forgetAll(): void {
    this.#notedAt.clear();
  }

  /** The names in memory. */
  get size(): number {
    return this.#notedAt.size;
  }
}
