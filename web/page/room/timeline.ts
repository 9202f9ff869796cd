/**
 * The lines of a room that the page holds: a window on the messages, with a fixed maximum size.
 *
 *   following      The window ends at the newest message. Old lines are dropped from its beginning.
 *   looking back   New messages are counted, and appended while there is space. Once the window is full, it
 *                  is detached: it ends before the newest messages. Those are kept in a short tail, and the
 *                  history in between is read when the user scrolls down to it.
 *   after a gap    If the window follows, it starts again after the gap. What the server still has of the
 *                  history is read when the user scrolls back, and the gap is shown at its end.
 */
import { compareCursors } from '../../../packages/client/src/cursor.js';
import type { Message } from './message.js';

/** A line: a message, or a gap in which messages are gone. `key` never changes while the line is shown. */
export type Line = { kind: 'message'; key: string; message: Message } | { kind: 'gap'; key: string };

/** A page of history. */
export interface Page {
  messages: readonly Message[];
  /** Whether there is more history in the direction of reading. */
  hasMore: boolean;
}

/** The most lines in the window. */
const WINDOW = 1_000;

/** The size to which a full window is cut. Less than the maximum, so that not every message cuts it. */
const CUT_TO = 800;

/** How many of the newest lines are kept in the tail while the window is detached. */
const TAIL = 100;

export class Timeline {
  #lines: Line[] = [];
  #tail: Line[] | undefined;
  /** Whether lines were dropped from the tail since the current read of newer history began. */
  #tailOverflowed = false;
  #hasOlder = true;
  #following = true;
  #unread = 0;
  #newestId: string | undefined;
  #gaps = 0;
  /** The gap somewhere before the window, and the id of the last message that was shown before the gap. */
  #gapBefore: { line: Line; after: string } | undefined;

  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Whether there may be messages older than the window. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** Whether the window ends before the newest message. */
  get detached(): boolean {
    return this.#tail !== undefined;
  }

  /** Whether the user is at the newest message and wants to see new ones as they arrive. */
  get following(): boolean {
    return this.#following;
  }

  /** How many messages arrived while the user was looking back. */
  get unread(): number {
    return this.#unread;
  }

  /** The id of the newest message that arrived, shown or not. */
  get newestId(): string | undefined {
    return this.#newestId;
  }

  /** The id of the oldest message in the window. */
  get oldestShown(): string | undefined {
    return this.#lines.find((line) => line.kind === 'message')?.message.id;
  }

  /** The id of the newest message in the window. */
  get newestShown(): string | undefined {
    return this.#lines.findLast((line) => line.kind === 'message')?.message.id;
  }

  /** Adds a message that arrived. The key of its line is its id by default. */
  append(message: Message, key = message.id): void {
    this.#newestId = message.id;
    if (this.#following && this.#lines.at(-1)?.kind === 'gap') this.#beginAfterGap(this.#lines.length - 1);
    // A page that was read at the same time may have contained it already.
    if (this.#tail === undefined && this.#shows(message.id)) return;
    if (!this.#following) this.#unread += 1;
    this.#push({ kind: 'message', key, message });
  }

  /** Adds a line that says that messages after the last one are gone. */
  markGap(): void {
    if (this.#lines.length > 0) this.#push(this.#gapLine());
  }

  /** Sets whether the user is at the newest message and wants to see new ones as they arrive. */
  follow(following: boolean): void {
    // The end of a detached window is not the newest message.
    if (following && this.#tail !== undefined) return;
    this.#following = following;
    if (!following) return;
    this.#unread = 0;
    this.#beginAfterGap(this.#lines.findLastIndex(({ kind }) => kind === 'gap'));
    this.#cutOldest();
  }

  /** Goes to the newest messages. */
  jumpToNewest(): void {
    if (this.#tail !== undefined) {
      this.#lines = this.#tail;
      this.#tail = undefined;
      this.#hasOlder = true;
    }
    this.follow(true);
  }

  /** Adds a page of older messages: those before `oldestShown`. */
  prepend({ messages, hasMore }: Page): void {
    this.#hasOlder = hasMore;
    this.#lines = [...this.#withGap(this.#newIn(messages), hasMore), ...this.#lines];
    if (this.#lines.length <= WINDOW || this.#following) return;
    this.#detach();
    this.#lines = this.#lines.slice(0, WINDOW);
  }

  /** Call this before reading a page of newer messages: those after `newestShown`. */
  beginNewer(): void {
    this.#tailOverflowed = false;
  }

  /** Adds a page of newer messages. The window joins the tail once nothing is missing between the two. */
  appendPage({ messages, hasMore }: Page): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#lines.push(...this.#newIn(messages));
    const rest = this.#newerThanWindow(tail);
    const overlaps = rest.length < tail.length;
    if (overlaps || (!hasMore && !this.#tailOverflowed)) {
      this.#lines.push(...rest);
      this.#tail = undefined;
    }
    this.#cutOldest();
  }

  /** Joins the window and the tail with a gap, because the history between them is gone. */
  joinWithGap(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#tail = undefined;
    const rest = this.#newerThanWindow(tail);
    // If the two overlap, nothing is missing between them.
    if (rest.length === tail.length) this.#lines.push(this.#gapLine());
    this.#lines.push(...rest);
    this.#cutOldest();
  }

  /** Starts the window after the gap at an index, if there is something before the gap. */
  #beginAfterGap(index: number): void {
    if (index <= 0) return;
    const lost = this.#lines.slice(0, index).findLast((line) => line.kind === 'message');
    this.#gapBefore = { line: this.#lines[index]!, after: lost?.message.id ?? '0' };
    this.#lines = this.#lines.slice(index + 1);
    this.#hasOlder = true;
  }

  /** Inserts the gap into older lines if they reach it. It usually marks the beginning of the server's history. */
  #withGap(older: Line[], hasMore: boolean): Line[] {
    const gap = this.#gapBefore;
    if (gap === undefined) return older;
    // A store that lost only its newest messages still has those before the gap.
    const isBefore = (line: Line) =>
      line.kind === 'message' && compareCursors(line.message.id, gap.after) <= 0;
    const index = older.findLastIndex(isBefore) + 1;
    if (index === 0 && hasMore) return older;
    this.#gapBefore = undefined;
    return [...older.slice(0, index), gap.line, ...older.slice(index)];
  }

  /** The lines of the tail that are newer than the window. */
  #newerThanWindow(tail: readonly Line[]): readonly Line[] {
    const last = this.newestShown ?? '0';
    const isOlder = (line: Line) => line.kind === 'message' && compareCursors(line.message.id, last) <= 0;
    return tail.slice(tail.findLastIndex(isOlder) + 1);
  }

  /** Lines for the messages of a page that are not shown yet. */
  #newIn(messages: readonly Message[]): Line[] {
    return messages.filter(({ id }) => !this.#shows(id)).map(lineOf);
  }

  #shows(id: string): boolean {
    const newest = this.newestShown;
    if (newest === undefined || compareCursors(id, newest) > 0) return false;
    return this.#lines.some((line) => line.kind === 'message' && line.message.id === id);
  }

  #gapLine(): Line {
    this.#gaps += 1;
    return { kind: 'gap', key: `gap ${this.#gaps}` };
  }

  #push(line: Line): void {
    if (this.#tail === undefined && !this.#following && this.#lines.length >= WINDOW) this.#detach();
    if (this.#tail !== undefined) {
      this.#tail.push(line);
      if (this.#tail.length <= TAIL) return;
      this.#tail.shift();
      this.#tailOverflowed = true;
      return;
    }
    this.#lines.push(line);
    if (this.#following) this.#cutOldest();
  }

  #detach(): void {
    this.#tail ??= this.#lines.slice(-TAIL);
  }

  #cutOldest(): void {
    if (this.#lines.length <= WINDOW) return;
    this.#lines = this.#lines.slice(-CUT_TO);
    this.#hasOlder = true;
  }
}

function lineOf(message: Message): Line {
  return { kind: 'message', key: message.id, message };
}
