import type { Cursor } from '#domain/cursor.js';
import type { Entry } from '#domain/entry.js';
import type { Page } from '#domain/ports/event-log.js';
import { type Mark, type Retractions, retractionsIn, withoutRetracted } from './retractions.js';

/**
 * A page of older history, for as long as it is being delivered. Messages that are retracted in the meantime, or were
 * while the page was read, are tombstones in it. A page takes several reads, so it may contain a message together with
 * its retraction.
 */
export class HistoryPage {
  /** The head of the log when the page was read. */
  readonly head: Cursor;
  #entries: readonly Entry[];
  #mark: Mark;

  /** `mark` was taken when the read began. */
  constructor(
    page: Page,
    private readonly retractions: Retractions,
    mark: Mark,
  ) {
    this.head = page.head;
    this.#entries = withoutRetracted(page.entries, retractionsIn(page.entries));
    this.#mark = mark;
  }

  /** The entries, oldest first. The same array until one of them is retracted. */
  get entries(): readonly Entry[] {
    this.#entries = withoutRetracted(this.#entries, this.retractions.since(this.#mark));
    this.#mark = this.retractions.mark();
    return this.#entries;
  }
}
