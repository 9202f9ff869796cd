/** The least time between two renderings, in milliseconds. Busy rooms update in steps, calm ones at once. */
const INTERVAL_MS = 80;

/** Combines many requests for a callback into one, which comes soon but not too often. */
export class Batch {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastAt = 0;

  constructor(private readonly callback: () => void) {}

  /** Calls back once the interval has passed, however often this is called before then. */
  schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#lastAt = performance.now();
        this.callback();
      },
      Math.max(0, this.#lastAt + INTERVAL_MS - performance.now()),
    );
  }

  /** Calls back now. */
  flush(): void {
    this.cancel();
    this.callback();
  }

  /** Cancels a scheduled callback. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
