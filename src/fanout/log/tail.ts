import { BEGINNING, type Cursor, compareIds, type EntryId, millisecondsOf } from '#domain/cursor.js';
import {
  countMessages,
  type Entry,
  isMessage,
  type Retraction,
  retracts,
  tombstoneOf,
} from '#domain/entry.js';
import type { Page } from '#domain/ports/event-log.js';
import { withoutRetracted } from './retractions.js';
import { Ring } from './ring.js';
import type { StoreClock } from './store-clock.js';

/** A read-only view of a log. Each entry has a position that never changes. */
export interface LogReader {
  /** The oldest position held. */
  readonly start: number;
  /** The position of the next entry. */
  readonly end: number;
  /** Positions below this one became invalid when the log was reset. Delivery cannot continue from them. */
  readonly floor: number;
  /** The id of the newest entry, even if it expired. `0` if there was none, undefined until open. */
  readonly head: Cursor | undefined;
  /** How many messages were ever appended. */
  readonly messages: number;
  /** The entry at a position. Undefined if the log does not hold it. */
  at(position: number): Entry | undefined;
  /** The position after `cursor`. Undefined if the log does not hold it. */
  locate(cursor: Cursor): number | undefined;
}

/** Where the newest messages start in a log. */
export interface Newest {
  position: number;
  /** Whether the log holds fewer messages than requested and the store may have more. */
  isShort: boolean;
}

/** Settings of a `Tail`. */
export interface TailOptions {
  /** Maximum entries to hold. */
  capacity: number;
  /** Milliseconds by `clock` that the store keeps an entry. */
  ttlMs: number;
  clock: StoreClock;
}

/** Holds the newest entries of a room, in order and without gaps. */
export class Tail implements LogReader {
  readonly #ring: Ring<Entry>;
  #head: Cursor | undefined;
  #floor = 0;
  #messages = 0;
  /** The newest position whose entry is not a message. */
  #newestOpaque = -1;
  /** Whether this holds all entries that the store keeps. */
  #isWhole = false;
  /** Retractions that were seen before the entries just before them. Nearly always empty. */
  #ahead: readonly Retraction[] = [];

  constructor(private readonly options: TailOptions) {
    this.#ring = new Ring(options.capacity);
  }

  get start(): number {
    return this.#ring.start;
  }

  get end(): number {
    return this.#ring.end;
  }

  get floor(): number {
    return this.#floor;
  }

  get head(): Cursor | undefined {
    return this.#head;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Whether a retraction was seen that is newer than the head. */
  get isBehind(): boolean {
    return this.#ahead.length > 0;
  }

  at(position: number): Entry | undefined {
    return this.#ring.at(position);
  }

  locate(cursor: Cursor): number | undefined {
    this.#dropExpired();
    if (cursor === this.#head) return this.end;
    const oldest = this.at(this.start);
    if (oldest === undefined) return undefined;
    if (cursor === oldest.prev) return this.start;
    const position = this.#find(cursor);
    return position === undefined ? undefined : position + 1;
  }

  /** The position of the newest `count` messages that have not expired. */
  newest(count: number): Newest {
    this.#dropExpired();
    let position = this.end;
    let found = 0;
    if (this.#newestOpaque < position - count) {
      position = Math.max(this.start, position - count);
      found = this.end - position;
    }
    while (found < count && position > this.start) {
      position -= 1;
      if (isMessage(this.at(position)!)) found += 1;
    }
    return { position, isShort: found < count && !this.#isWhole };
  }

  /** Whether an entry is held. */
  has(id: EntryId): boolean {
    return this.#find(id) !== undefined;
  }

  /** Fills an empty tail with a page of the newest entries. */
  begin(page: Page): void {
    this.#isWhole = !page.hasOlder;
    for (const entry of page.entries) this.append(entry);
    this.#moveHead(page.head);
  }

  /** Replaces all entries with a page that does not follow them. All earlier positions become invalid. */
  beginAgain(page: Page): void {
    this.#ring.reset();
    this.#floor = this.#ring.start;
    this.begin(page);
  }

  /** Appends the entry that directly follows the head. */
  append(next: Entry): void {
    const entry = this.#ahead.length === 0 ? next : withoutRetracted([next], this.#ahead)[0]!;
    if (this.end - this.start === this.options.capacity) this.#isWhole = false;
    if (isMessage(entry)) this.#messages += 1;
    else this.#newestOpaque = this.end;
    this.#ring.push(entry);
    this.#moveHead(entry.id);
  }

  /** Appends the entries that are newer than the head. Returns how many of them are messages. */
  appendNewer(entries: readonly Entry[]): number {
    const newer = entries.filter(({ id }) => compareIds(id, this.#head!) > 0);
    for (const entry of newer) this.append(entry);
    return countMessages(newer);
  }

  /**
   * Replaces the messages that a retraction names by tombstones, and those that are yet to come when they come. Returns
   * the positions of the former.
   */
  retract(retraction: Retraction): number[] {
    if (compareIds(retraction.id, this.#head ?? BEGINNING) > 0) this.#ahead = [...this.#ahead, retraction];
    const positions: number[] = [];
    for (const position of this.#positionsNamed(retraction)) {
      const entry = this.at(position)!;
      if (!isMessage(entry) || !retracts(retraction, entry)) continue;
      this.#ring.replace(position, tombstoneOf(entry));
      this.#newestOpaque = Math.max(this.#newestOpaque, position);
      positions.push(position);
    }
    return positions;
  }

  /** Moves the head past entries that the store no longer keeps. */
  skipTo(head: Cursor): void {
    if (compareIds(head, this.#head!) > 0) this.#moveHead(head);
  }

  #moveHead(head: Cursor): void {
    this.#head = head;
    if (this.#ahead.length > 0) this.#ahead = this.#ahead.filter(({ id }) => compareIds(id, head) > 0);
  }

  /** The positions that a retraction may name. Those of an author may be anywhere. */
  #positionsNamed({ ids, author }: Retraction): number[] {
    if (author !== undefined) {
      return Array.from({ length: this.end - this.start }, (_, index) => this.start + index);
    }
    return ids.map((id) => this.#find(id)).filter((position) => position !== undefined);
  }

  /** Finds the position of an entry by binary search. */
  #find(id: EntryId): number | undefined {
    let low = this.start;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.at(middle)!.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return this.at(low)?.id === id ? low : undefined;
  }

  /** Drops the entries that have expired in the store, so that new subscriptions do not receive them. */
  #dropExpired(): void {
    const oldestKept = this.options.clock.now - this.options.ttlMs;
    for (;;) {
      const oldest = this.at(this.start);
      if (oldest === undefined || millisecondsOf(oldest.id) >= oldestKept) return;
      this.#ring.shift();
    }
  }
}
