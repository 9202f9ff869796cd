import type { Batch, Framing } from './framing.js';

/**
 * Batches to keep. One is needed for each distinct position that subscribers read from between two flushes.
 */
const CAPACITY = 32;

/**
 * The batches built since the last flush, by first position and framing, so that each is built once and
 * written to many subscriptions.
 */
export class BatchCache {
  readonly #batches = new Map<string, Batch<unknown>>();
  // Nearly all subscribers need the same batch as the previous one. For these, no key has to be built.
  #lastFrom = -1;
  #lastFraming: Framing<unknown> | undefined;
  #last: Batch<unknown> | undefined;

  get<B>(from: number, framing: Framing<B>): Batch<B> | undefined {
    if (from === this.#lastFrom && framing === this.#lastFraming) return this.#last as Batch<B>;
    const found = this.#batches.get(`${from} ${framing.key}`);
    if (found !== undefined) this.#remember(from, framing, found);
    return found as Batch<B> | undefined;
  }

  set<B>(from: number, framing: Framing<B>, batch: Batch<B>): void {
    if (this.#batches.size >= CAPACITY) this.#batches.clear();
    this.#batches.set(`${from} ${framing.key}`, batch);
    this.#remember(from, framing, batch);
  }

  clear(): void {
    this.#batches.clear();
    this.#lastFrom = -1;
    this.#lastFraming = undefined;
    this.#last = undefined;
  }

  #remember(from: number, framing: Framing<unknown>, batch: Batch<unknown>): void {
    this.#lastFrom = from;
    this.#lastFraming = framing;
    this.#last = batch;
  }
}
