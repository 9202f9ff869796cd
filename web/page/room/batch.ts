/** The least time between two renderings, in milliseconds: a busy room comes in small steps, a calm one at once. */
const EVERY_MS = 80;

/** Calls back soon after it was asked to, however often: before the next frame, and not too often. */
export class Batch {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastAt = 0;

  constructor(private readonly callback: () => void) {}

  schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#lastAt = performance.now();
        this.callback();
      },
      Math.max(0, this.#lastAt + EVERY_MS - performance.now()),
    );
  }

  /** Calls back now. */
  flush(): void {
    this.cancel();
    this.callback();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
