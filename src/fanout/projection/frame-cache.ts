/** What all caches of one node hold together; who is over the bound gives up its own oldest. */
export class FrameBudget {
  bytes = 0;

  /** `limit` in bytes, for all caches together. */
  constructor(readonly limit: number) {}
}

/** Bytes that a cache may hold whatever the others do: more than a usual batch. */
const OWN_SHARE = 64 * 1024;

/** What a frame that is still being rendered counts as, in bytes. */
const PENDING_BYTES = 1_024;

interface Frame {
  position: number;
  payload: Buffer | Promise<Buffer>;
  bytes: number;
}

/**
 * The rendered messages of one projection, by position: the newest, as many as the log holds, and fewer where
 * all projections of the node together hold too many bytes. What is not held is rendered again.
 */
export class FrameCache {
  readonly #frames: (Frame | undefined)[] = [];
  #bytes = 0;
  /** Nothing below this position is held. */
  #oldest = Number.POSITIVE_INFINITY;
  #newest = -1;

  constructor(
    private readonly capacity: number,
    private readonly budget: FrameBudget,
  ) {}

  get(position: number): Buffer | Promise<Buffer> | undefined {
    const frame = this.#frames[position % this.capacity];
    return frame?.position === position ? frame.payload : undefined;
  }

  /** Holds a payload; one that is being rendered is replaced by its bytes once they are there. */
  set(position: number, payload: Buffer | Promise<Buffer>): void {
    this.#drop(position % this.capacity);
    const bytes = Buffer.isBuffer(payload) ? payload.length : PENDING_BYTES;
    this.#frames[position % this.capacity] = { position, payload, bytes };
    this.#count(bytes);
    this.#oldest = Math.min(this.#oldest, position);
    this.#newest = Math.max(this.#newest, position);
    this.#shrink();
  }

  /** Gives up all that it holds. */
  clear(): void {
    this.#count(-this.#bytes);
    this.#frames.length = 0;
    this.#oldest = Number.POSITIVE_INFINITY;
  }

  #shrink(): void {
    while (this.budget.bytes > this.budget.limit && this.#bytes > OWN_SHARE && this.#oldest < this.#newest) {
      const slot = this.#oldest % this.capacity;
      if (this.#frames[slot]?.position === this.#oldest) this.#drop(slot);
      this.#oldest += 1;
    }
  }

  #drop(slot: number): void {
    const frame = this.#frames[slot];
    if (frame === undefined) return;
    this.#frames[slot] = undefined;
    this.#count(-frame.bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.budget.bytes += bytes;
  }
}
