import type { Cursor } from '#domain/cursor.js';
import type { Batch, Framing } from './framing.js';

/**
 * Batches to keep. One is needed for each distinct position that subscribers read from between two flushes.
 */
const CAPACITY = 32;

/**
 * The batches built since the last flush, by first position, framing and the end of the backlog that they belong to, if
 * any. So each is built once and written to many subscriptions.
 */
export class BatchCache {
  readonly #batches = new Map<string, Batch<unknown>>();
  // Nearly all subscribers need the same batch as the previous one. For these, no key has to be built.
  #lastFrom = -1;
  #lastFraming: Framing<unknown> | undefined;
  #lastBacklogEnd: Cursor | undefined;
  #last: Batch<unknown> | undefined;

  get<B>(from: number, framing: Framing<B>, backlogEnd: Cursor | undefined): Batch<B> | undefined {
    if (from === this.#lastFrom && framing === this.#lastFraming && backlogEnd === this.#lastBacklogEnd) {
      return this.#last as Batch<B>;
    }
    const found = this.#batches.get(keyOf(from, framing, backlogEnd));
    if (found !== undefined) this.#remember(from, framing, backlogEnd, found);
    return found as Batch<B> | undefined;
  }

  set<B>(from: number, framing: Framing<B>, backlogEnd: Cursor | undefined, batch: Batch<B>): void {
    if (this.#batches.size >= CAPACITY) this.#batches.clear();
    this.#batches.set(keyOf(from, framing, backlogEnd), batch);
    this.#remember(from, framing, backlogEnd, batch);
  }

  clear(): void {
    this.#batches.clear();
    this.#lastFrom = -1;
    this.#lastFraming = undefined;
    this.#last = undefined;
  }

  #remember(
    from: number,
    framing: Framing<unknown>,
    backlogEnd: Cursor | undefined,
    batch: Batch<unknown>,
  ): void {
    this.#lastFrom = from;
    this.#lastFraming = framing;
    this.#lastBacklogEnd = backlogEnd;
    this.#last = batch;
  }
}

function keyOf(from: number, { key }: Framing<unknown>, backlogEnd: Cursor = ''): string {
  return `${from} ${backlogEnd} ${key}`;
}
