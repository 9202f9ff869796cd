import { type Cursor, compareIds, type EntryId, millisecondsOf } from '#domain/cursor.js';
import { countMessages, type Entry, isMessage } from '#domain/entry.js';
import type { Page } from '#domain/ports/event-log.js';
import { Ring } from './ring.js';
import type { StoreClock } from './store-clock.js';

/** A log, as those who deliver from it see it. Each entry is at a position that never changes. */
export interface LogReader {
  /** The oldest position held. */
  readonly start: number;
  /** The position of the entry that comes next. */
  readonly end: number;
  /** Positions below this one were lost with the store's data: delivery cannot go on from there. */
  readonly floor: number;
  /** The id of the newest entry that the room ever had, `0` for none; undefined until the log is open. */
  readonly head: Cursor | undefined;
  /** How many messages were appended so far, held or not. */
  readonly messages: number;
  at(position: number): Entry | undefined;
  /** The position to deliver from after `cursor`; undefined if that place is not held here. */
  locate(cursor: Cursor): number | undefined;
}

/** Where the newest messages begin, and whether the store may keep more of them than are held here. */
export interface Newest {
  position: number;
  isShort: boolean;
}

export interface TailOptions {
  /** Entries held at most. */
  capacity: number;
  /** How long an entry is kept, in milliseconds by `clock`. */
  ttlMs: number;
  clock: StoreClock;
}

/** The newest entries of a room, in order and without a gap. */
export class Tail implements LogReader {
  readonly #ring: Ring<Entry>;
  #head: Cursor | undefined;
  #floor = 0;
  #messages = 0;
  /** The newest position that does not hold a message. */
  #newestOpaque = -1;
  /** Whether everything that the store keeps is held here. */
  #isWhole = false;

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

  /** Where the newest `count` messages begin that are still kept. */
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

  /** Starts with a page of the newest entries. */
  begin(page: Page): void {
    this.#isWhole = !page.hasOlder;
    for (const entry of page.entries) this.append(entry);
    this.#head = page.head;
  }

  /** Starts again with a page that does not join on to what was held. Every position so far is lost. */
  beginAgain(page: Page): void {
    this.#ring.reset();
    this.#floor = this.#ring.start;
    this.begin(page);
  }

  append(entry: Entry): void {
    if (this.end - this.start === this.options.capacity) this.#isWhole = false;
    if (isMessage(entry)) this.#messages += 1;
    else this.#newestOpaque = this.end;
    this.#ring.push(entry);
    this.#head = entry.id;
  }

  /** Appends the entries that are newer than the head. Returns how many messages were among them. */
  appendNewer(entries: readonly Entry[]): number {
    const newer = entries.filter(({ id }) => compareIds(id, this.#head!) > 0);
    for (const entry of newer) this.append(entry);
    return countMessages(newer);
  }

  /** Moves the head over entries that are no longer kept. */
  skipTo(head: Cursor): void {
    if (compareIds(head, this.#head!) > 0) this.#head = head;
  }

  /** The position of an entry, by binary search. */
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

  /** Drops what the store no longer keeps, so that it is not shown to those who join. */
  #dropExpired(): void {
    const oldestKept = this.options.clock.now - this.options.ttlMs;
    for (;;) {
      const oldest = this.at(this.start);
      if (oldest === undefined || millisecondsOf(oldest.id) >= oldestKept) return;
      this.#ring.shift();
    }
  }
}
