/**
 * The memory budget that all frame caches of a node share. A cache that exceeds it evicts its own oldest
 * frames.
 */
export class FrameBudget {
  /** Bytes in use by all caches. */
  bytes = 0;

  /** `limit` is in bytes, for all caches together. */
  constructor(readonly limit: number) {}
}

/** Bytes that each cache may use regardless of the budget: more than a typical batch. */
const GUARANTEED_BYTES = 64 * 1024;

/** The assumed size of a frame that is still being rendered, in bytes. */
const PENDING_BYTES = 1_024;

interface Frame {
  position: number;
  payload: Buffer | Promise<Buffer>;
  bytes: number;
}

/**
 * The rendered messages of one projection, by log position. It keeps the newest `capacity` frames, or fewer
 * if the node's budget is exceeded. Missing frames are rendered again.
 */
export class FrameCache {
  readonly #frames: (Frame | undefined)[] = [];
  #bytes = 0;
  /** No position below this one is cached. */
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

  /** Caches a payload, or the promise of one. Call it again with the bytes once they are rendered. */
  set(position: number, payload: Buffer | Promise<Buffer>): void {
    this.#drop(position % this.capacity);
    const bytes = Buffer.isBuffer(payload) ? payload.length : PENDING_BYTES;
    this.#frames[position % this.capacity] = { position, payload, bytes };
    this.#count(bytes);
    this.#oldest = Math.min(this.#oldest, position);
    this.#newest = Math.max(this.#newest, position);
    this.#shrink();
  }

  /** Drops the frames at these positions, and all below `oldest`. */
  drop(positions: readonly number[], oldest: number): void {
    for (const position of positions) {
      if (this.get(position) !== undefined) this.#drop(position % this.capacity);
    }
    for (const [slot, frame] of this.#frames.entries()) {
      if (frame !== undefined && frame.position < oldest) this.#drop(slot);
    }
  }

  /** Drops all frames and returns their bytes to the budget. */
  clear(): void {
    this.#count(-this.#bytes);
    this.#frames.length = 0;
    this.#oldest = Number.POSITIVE_INFINITY;
  }

  #shrink(): void {
    while (
      this.budget.bytes > this.budget.limit &&
      this.#bytes > GUARANTEED_BYTES &&
      this.#oldest < this.#newest
    ) {
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
