/**
 * A room's log on this node: its newest entries, in order and without gaps.
 *
 *   opening      feed.open → page(last n) → live
 *   live         entry whose prev is the head → append
 *                entry already held → ignore
 *                any other entry, feed resumed, or heads differ → catching up
 *   catching up  page(after head) until there is nothing newer → live
 *                CURSOR_EXPIRED or another epoch → page(last n), all earlier positions are lost → live
 *   closed       from any state
 *
 * The feed may lose, repeat or delay entries, but the log appends exactly what the store holds. The store's
 * epoch and ids determine whether the log's head is still valid. Clocks are never compared.
 *
 * A retraction takes effect as soon as it is seen, in any phase and even out of order: its messages become tombstones
 * in the log, and in every page whose read began before.
 */
import { BEGINNING, type Cursor, compareIds } from '#domain/cursor.js';
import { type Entry, isRetraction, type Retraction } from '#domain/entry.js';
import { serviceUnavailable } from '#domain/errors.js';
import type { EventLog, Head, Page } from '#domain/ports/event-log.js';
import type { Closeable } from '#domain/ports/feed.js';
import type { HistoryPage } from './history-page.js';
import { HistoryReads, isExpired } from './history-reads.js';
import { retractionsIn, withoutRetracted } from './retractions.js';
import type { RoomLogObserver, RoomLogOptions } from './room-log-options.js';
import { StoreClock } from './store-clock.js';
import { type LogReader, type Newest, Tail } from './tail.js';

type Phase = 'opening' | 'live' | 'catching up' | 'closed';

/** The newest entries of a room, kept up to date from its feed and its store. */
export class RoomLog {
  readonly #tail: Tail;
  readonly #clock: StoreClock;
  readonly #history: HistoryReads;
  #phase: Phase = 'opening';
  /** The epoch of the entries held. Empty if it is not known yet. */
  #epoch = '';
  /** Whether the store must be read. If a read is in progress, it must be read again. */
  #isDue = false;
  #feedHandle: Closeable | undefined;

  constructor(
    readonly roomId: string,
    private readonly options: RoomLogOptions,
    private readonly observer: RoomLogObserver,
  ) {
    const { capacity, ttlMs, elapsed } = options;
    this.#clock = new StoreClock(elapsed);
    this.#tail = new Tail({ capacity, ttlMs, clock: this.#clock });
    const onRetractions = (found: readonly Retraction[]) => this.#seeInPage(found);
    this.#history = new HistoryReads({ ...options, roomId, onRetractions });
  }

  /** A view of the entries, to deliver from. */
  get reader(): LogReader {
    return this.#tail;
  }

  /** The head of the log, with the store's time as this node knows it. Undefined while the log is behind, empty or has no epoch. */
  get knownHead(): Head | undefined {
    const { head = BEGINNING, isBehind } = this.#tail;
    if (this.#phase !== 'live' || this.#epoch === '' || head === BEGINNING || isBehind) return undefined;
    return { epoch: this.#epoch, head, now: this.#clock.now };
  }

  /** Opens the feed and reads the newest entries. The log is live afterwards. Throws SERVICE_UNAVAILABLE. */
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
      this.#see(retractionsIn(newest.entries));
      this.#epoch = newest.epoch;
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#phase = 'live';
    // Entries that the feed delivered during the read were not appended. Read them from the store.
    if (this.#isDue) this.catchUp();
  }

  /** Closes the feed and stops appending. Safe to call twice. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    await this.#feedHandle?.close();
  }

  /** The position of the newest `count` messages in this log. */
  newest(count: number): Newest {
    return this.#tail.newest(count);
  }

  /** The cursor just before the newest `count` messages in the store. Throws SERVICE_UNAVAILABLE. */
  cursorBefore(count: number): Promise<Cursor> {
    return this.#history.cursorBefore(count);
  }

  /** The store's entries after a cursor, at most one page. Throws CURSOR_EXPIRED and SERVICE_UNAVAILABLE. */
  pageAfter(cursor: Cursor): Promise<HistoryPage> {
    return this.#history.after(cursor);
  }

  /** Reads everything newer than the head from the store. Safe to call at any time and repeatedly. */
  catchUp(): void {
    this.#isDue = true;
    if (this.#phase !== 'live') return;
    this.#phase = 'catching up';
    this.#readToHead()
      .catch((error: unknown) => this.observer.onTrouble(error))
      .finally(() => this.observer.onChange());
  }

  /** Compares the store's head with that of the log, and catches up if they differ. */
  check({ epoch, head, now }: Head): void {
    if (this.#phase === 'opening' || this.#phase === 'closed') return;
    this.#clock.heard(now);
    if (head !== this.#tail.head || this.#isOther(epoch)) this.catchUp();
    else if (this.#epoch === '') this.#epoch = epoch;
    if (this.#history.takeFailure()) this.observer.onChange();
  }

  #onEntry(entry: Entry): void {
    if (this.#phase === 'closed') return;
    if (isRetraction(entry)) this.#see([entry]);
    if (this.#phase === 'opening') {
      this.#isDue = true;
    } else if (this.#follows(entry)) {
      this.#tail.append(entry);
      this.observer.onChange();
    } else if (!this.#tail.has(entry.id)) {
      this.catchUp();
    }
  }

  /** Takes the messages of retractions out of everything that this node holds. Safe to repeat. */
  #see(retractions: readonly Retraction[]): void {
    if (retractions.length === 0) return;
    const positions = retractions.flatMap((retraction) => {
      this.options.retractions.add(retraction);
      return this.#tail.retract(retraction);
    });
    this.observer.onRetracted(positions);
  }

  /** If the feed has lost a retraction, a page of history may be the first to show it, and that the log is behind. */
  #seeInPage(retractions: readonly Retraction[]): void {
    const unseen = this.#unseen(retractions);
    this.#see(unseen);
    if (unseen.length > 0) this.catchUp();
  }

  #unseen(retractions: readonly Retraction[]): Retraction[] {
    const { head = BEGINNING } = this.#tail;
    return retractions.filter(({ id }) => compareIds(id, head) > 0);
  }

  /**
   * Whether this entry directly follows the head. A `prev` of `0` does not prove that: servers older than
   * epochs write it whenever the room's list is empty, even if the room had messages before.
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

  /** Reads one page after the head. Returns how many messages were appended. */
  async #readOn(): Promise<number> {
    const oldHead = this.#tail.head!;
    const page = await this.#pageAfterHead(oldHead);
    if (page === undefined || this.#isOther(page.epoch)) {
      await this.#reset(oldHead);
      return 0;
    }
    const { entries, hasNewer, epoch, head } = page;
    const oldest = entries[0];
    const { head: newHead } = this.#tail;
    // During the read, the feed delivered entries that the store then lost. The page follows the old head instead.
    const isTorn = oldest !== undefined && newHead !== oldHead && compareIds(oldest.id, newHead!) > 0;
    // Do not read again after an empty page, because it would be the same.
    this.#isDue ||= (hasNewer && oldest !== undefined) || isTorn;
    if (isTorn) return 0;
    this.#epoch = epoch;
    const unseen = this.#unseen(retractionsIn(entries));
    const appended = this.#tail.appendNewer(entries);
    this.#see(unseen);
    if (!hasNewer) this.#tail.skipTo(head);
    return appended;
  }

  /** The page after the head. Undefined if entries after it are gone. */
  async #pageAfterHead(head: Cursor): Promise<Page | undefined> {
    try {
      return await this.#page({ after: head, take: { first: this.options.pageSize } });
    } catch (error) {
      if (isExpired(error)) return undefined;
      throw error;
    }
  }

  /** Replaces all entries. Used if the store trimmed the entries after the head or lost its data. */
  async #reset(oldHead: Cursor): Promise<void> {
    const newest = await this.#page({ take: { last: this.options.capacity } });
    // If the feed has delivered more entries in the meantime, read again to find out which ones the store has.
    this.#isDue ||= this.#tail.head !== oldHead;
    if (this.#tail.head !== oldHead) return;
    this.#tail.beginAgain(newest);
    this.#epoch = newest.epoch;
    this.#see(retractionsIn(newest.entries));
  }

  #isOther(epoch: string): boolean {
    return epoch !== '' && this.#epoch !== '' && epoch !== this.#epoch;
  }

  async #page(window: Parameters<EventLog['page']>[1]): Promise<Page> {
    const { eventLog, retractions } = this.options;
    const mark = retractions.mark();
    const page = await eventLog.page(this.roomId, window);
    this.#clock.heard(page.now);
    return { ...page, entries: withoutRetracted(page.entries, retractions.since(mark)) };
  }

  #refuseIfClosed(): void {
    if (this.#phase === 'closed') throw serviceUnavailable('The room was closed while it was opening.');
  }
}
