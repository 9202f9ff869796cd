/**
 * A room's log on this node: its newest entries, in order, without a gap.
 *
 *   opening      feed.open → page(last n) → live
 *   live         entry whose prev is the head → append
 *                entry already held → nothing
 *                any other entry, feed resumed, heads differ → catching up
 *   catching up  page(after head) until nothing is newer → live
 *                CURSOR_EXPIRED, or another epoch → page(last n), every position so far is lost → live
 *   closed       from any state
 *
 * Whatever the feed loses, repeats or delivers late, what is appended is what the store holds. Whether the head
 * is still part of the room's log is for the store to say, by its epoch and its ids. No clock is compared.
 */

import { BEGINNING, type Cursor, compareIds } from '#domain/cursor.js';
import type { Entry } from '#domain/entry.js';
import { serviceUnavailable } from '#domain/errors.js';
import type { EventLog, Head, Page } from '#domain/ports/event-log.js';
import type { Closeable, Feed } from '#domain/ports/feed.js';
import { HistoryReads, isExpired } from './history-reads.js';
import { StoreClock } from './store-clock.js';
import { type LogReader, type Newest, Tail } from './tail.js';

/** What a log reports to the room that delivers from it. */
export interface RoomLogObserver {
  /** There may be more to deliver: entries were appended, the log started again, or the store is back. */
  onChange(): void;
  /** The feed is refused for good: the log receives nothing more. */
  onFailed(error: Error): void;
  /** A gap was found, and so many messages were read from the store to fill it. */
  onGapFilled(messages: number): void;
  /** A read of the store failed. It is tried again with the next entry, resume or check. */
  onTrouble(error: unknown): void;
}

/** What a log is made of. Times are in milliseconds, sizes in entries. */
export interface RoomLogOptions {
  eventLog: Pick<EventLog, 'page' | 'messages'>;
  feed: Feed;
  capacity: number;
  pageSize: number;
  ttlMs: number;
  /** A monotonic clock in milliseconds; `performance.now` if not given. */
  elapsed?: () => number;
}

type Phase = 'opening' | 'live' | 'catching up' | 'closed';

export class RoomLog {
  readonly #tail: Tail;
  readonly #clock: StoreClock;
  readonly #history: HistoryReads;
  #phase: Phase = 'opening';
  /** The epoch of what is held; empty while it is unknown. */
  #epoch = '';
  /** Whether the store has to be read, again if that is under way. */
  #isDue = false;
  #feedHandle: Closeable | undefined;

  constructor(
    readonly roomId: string,
    private readonly options: RoomLogOptions,
    private readonly observer: RoomLogObserver,
  ) {
    const { capacity, ttlMs, eventLog, pageSize, elapsed } = options;
    this.#clock = new StoreClock(elapsed);
    this.#tail = new Tail({ capacity, ttlMs, clock: this.#clock });
    this.#history = new HistoryReads({ roomId, eventLog, pageSize });
  }

  /** The entries that it holds, to deliver from. */
  get reader(): LogReader {
    return this.#tail;
  }

  /** Makes the log live: what is sent from now on is appended. Throws SERVICE_UNAVAILABLE if it cannot. */
  async open(): Promise<void> {
    this.#feedHandle = await this.options.feed.open(this.roomId, {
      onEntry: (entry) => this.#onEntry(entry),
      onResumed: () => this.catchUp(),
      onFailed: (error) => this.observer.onFailed(error),
    });
    try {
      this.#refuseIfClosed();
      const newest = await this.#page({ take: { last: this.options.capacity } });
      this.#refuseIfClosed();
      this.#tail.begin(newest);
      this.#epoch = newest.epoch;
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#phase = 'live';
    // What the feed delivered before the read was not appended: the store has it.
    if (this.#isDue) this.catchUp();
  }

  /** Appends nothing more. May be called twice. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    await this.#feedHandle?.close();
  }

  /** Where the newest `count` messages begin that are held here. */
  newest(count: number): Newest {
    return this.#tail.newest(count);
  }

  /** The cursor just before the newest `count` messages of the store. Throws SERVICE_UNAVAILABLE. */
  cursorBefore(count: number): Promise<Cursor> {
    return this.#history.cursorBefore(count);
  }

  /** What the store holds after a cursor, a page at most. Throws CURSOR_EXPIRED, SERVICE_UNAVAILABLE. */
  pageAfter(cursor: Cursor): Promise<Page> {
    return this.#history.after(cursor);
  }

  /** Reads whatever is newer than the head from the store. Safe to call at any time, and any number of times. */
  catchUp(): void {
    this.#isDue = true;
    if (this.#phase !== 'live') return;
    this.#phase = 'catching up';
    this.#readToHead()
      .catch((error: unknown) => this.observer.onTrouble(error))
      .finally(() => this.observer.onChange());
  }

  /** Compares the store's head with this log's, and catches up if they differ. */
  check({ epoch, head, now }: Head): void {
    if (this.#phase === 'opening' || this.#phase === 'closed') return;
    this.#clock.heard(now);
    if (head !== this.#tail.head || this.#isOther(epoch)) this.catchUp();
    else if (this.#epoch === '') this.#epoch = epoch;
    if (this.#history.takeFailure()) this.observer.onChange();
  }

  #onEntry(entry: Entry): void {
    if (this.#phase === 'closed') return;
    if (this.#phase === 'opening') {
      this.#isDue = true;
    } else if (this.#follows(entry)) {
      this.#tail.append(entry);
      this.observer.onChange();
    } else if (!this.#tail.has(entry.id)) {
      this.catchUp();
    }
  }

  /**
   * Whether nothing lies between the head and this entry. A `prev` of `0` proves nothing: the version before
   * epochs writes it into every list that is empty.
   */
  #follows({ id, prev }: Entry): boolean {
    const { head } = this.#tail;
    return prev === head && prev !== BEGINNING && compareIds(id, prev) > 0;
  }

  async #readToHead(): Promise<void> {
    let filled = 0;
    try {
      while (this.#isDue && this.#phase === 'catching up') {
        this.#isDue = false;
        filled += await this.#readOn();
      }
    } finally {
      if (this.#phase === 'catching up') this.#phase = 'live';
    }
    if (filled > 0) this.observer.onGapFilled(filled);
  }

  /** Reads a page of what is newer than the head. Returns how many messages were appended. */
  async #readOn(): Promise<number> {
    const asked = this.#tail.head!;
    const page = await this.#pageAfterHead(asked);
    if (page === undefined || this.#isOther(page.epoch)) {
      await this.#startAgain(asked);
      return 0;
    }
    const { entries, hasNewer, epoch, head } = page;
    const oldest = entries[0];
    // The feed delivered more in the meantime, and the store lost that: the page joins on to the head before.
    const isTorn =
      oldest !== undefined && this.#tail.head !== asked && compareIds(oldest.id, this.#tail.head!) > 0;
    // A page without an entry would be the same again.
    this.#isDue ||= (hasNewer && oldest !== undefined) || isTorn;
    if (isTorn) return 0;
    this.#epoch = epoch;
    const appended = this.#tail.appendNewer(entries);
    if (!hasNewer) this.#tail.skipTo(head);
    return appended;
  }

  /** The page after the head; undefined if the store cannot honour that. */
  async #pageAfterHead(head: Cursor): Promise<Page | undefined> {
    try {
      return await this.#page({ after: head, take: { first: this.options.pageSize } });
    } catch (error) {
      if (isExpired(error)) return undefined;
      throw error;
    }
  }

  /** The head is not part of the store's log: it was trimmed, or the store lost its data. */
  async #startAgain(asked: Cursor): Promise<void> {
    const newest = await this.#page({ take: { last: this.options.capacity } });
    if (this.#tail.head !== asked) {
      // The feed delivered more in the meantime. What the store has of that is not known yet.
      this.#isDue = true;
      return;
    }
    this.#tail.beginAgain(newest);
    this.#epoch = newest.epoch;
  }

  /** Whether an epoch is certainly not that of what is held. */
  #isOther(epoch: string): boolean {
    return epoch !== '' && this.#epoch !== '' && epoch !== this.#epoch;
  }

  async #page(window: Parameters<EventLog['page']>[1]): Promise<Page> {
    const page = await this.options.eventLog.page(this.roomId, window);
    this.#clock.heard(page.now);
    return page;
  }

  #refuseIfClosed(): void {
    if (this.#phase === 'closed') throw serviceUnavailable('The room was closed while it was being opened.');
  }
}
