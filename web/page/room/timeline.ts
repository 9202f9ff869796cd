/**
 * What is shown of a room: a window on its messages that never holds more than a bound.
 *
 *   following   the window ends at the newest message; old ones leave at its beginning
 *   looking back   new messages are counted, and appended as long as there is space; once there is none, or
 *                  older pages have taken it, the window is detached: it ends before the newest, which wait in
 *                  a short tail, and the history between the two is read when one scrolls down to it
 *   behind a gap   one that follows begins anew: what the server still keeps there is read as one scrolls back,
 *                  and the gap is shown where that begins
 */
import { compareIds, type Message } from './message.js';

/** A line: a message, or the place where messages are gone. `key` never changes while it is shown. */
export type Line = { kind: 'message'; key: string; message: Message } | { kind: 'gap'; key: string };

export interface Page {
  messages: readonly Message[];
  /** Whether there is more in the direction that was read. */
  hasMore: boolean;
}

/** Lines in the window at most. */
const WINDOW = 1_000;

/** What the window is cut to when it passes that, so that it is not cut for every message. */
const CUT_TO = 800;

/** The newest lines that a detached window keeps aside. */
const TAIL = 100;

export class Timeline {
  #lines: Line[] = [];
  #tail: Line[] | undefined;
  /** Whether lines fell out of the tail since a read of newer history began. */
  #tailOverflowed = false;
  #hasOlder = true;
  #following = true;
  #unread = 0;
  #newestId: string | undefined;
  #gaps = 0;
  /** The gap that the window begins behind, however far, and the last message that was shown before it. */
  #gapBefore: { line: Line; after: string } | undefined;

  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Whether messages older than the window may be had. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** Whether the window ends before the newest message. */
  get detached(): boolean {
    return this.#tail !== undefined;
  }

  get following(): boolean {
    return this.#following;
  }

  /** Messages that came while one was looking back. */
  get unread(): number {
    return this.#unread;
  }

  /** The id of the newest message that came, shown or not. */
  get newestId(): string | undefined {
    return this.#newestId;
  }

  get oldestShown(): string | undefined {
    return this.#lines.find((line) => line.kind === 'message')?.message.id;
  }

  get newestShown(): string | undefined {
    return this.#lines.findLast((line) => line.kind === 'message')?.message.id;
  }

  /** A message came. Its line gets that key, or its id. */
  append(message: Message, key = message.id): void {
    this.#newestId = message.id;
    if (this.#following && this.#lines.at(-1)?.kind === 'gap') this.#beginBehind(this.#lines.length - 1);
    // It may have been in a page that was read in the same moment.
    if (this.#tail === undefined && this.#shows(message.id)) return;
    if (!this.#following) this.#unread += 1;
    this.#push({ kind: 'message', key, message });
  }

  /** What came after the last message cannot be had: a line says so. */
  markGap(): void {
    if (this.#lines.length > 0) this.#push(this.#gapLine());
  }

  /** Says whether one looks at the newest message, and wants to see those that come. */
  follow(following: boolean): void {
    // The end of a detached window is not the newest message.
    if (following && this.#tail !== undefined) return;
    this.#following = following;
    if (!following) return;
    this.#unread = 0;
    this.#beginBehind(this.#lines.findLastIndex(({ kind }) => kind === 'gap'));
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

  /** Older messages were read: those before `oldestShown`. */
  prepend({ messages, hasMore }: Page): void {
    this.#hasOlder = hasMore;
    this.#lines = [...this.#withGap(this.#newIn(messages), hasMore), ...this.#lines];
    if (this.#lines.length <= WINDOW || this.#following) return;
    this.#detach();
    this.#lines = this.#lines.slice(0, WINDOW);
  }

  /** Newer history is about to be read: what comes after `newestShown`. */
  beginNewer(): void {
    this.#tailOverflowed = false;
  }

  /** Newer history was read; the window joins the tail where nothing is missing between the two. */
  appendPage({ messages, hasMore }: Page): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#lines.push(...this.#newIn(messages));
    const rest = this.#behindWindow(tail);
    const overlaps = rest.length < tail.length;
    if (overlaps || (!hasMore && !this.#tailOverflowed)) {
      this.#lines.push(...rest);
      this.#tail = undefined;
    }
    this.#cutOldest();
  }

  /** The history between the window and the tail cannot be had any more. */
  joinWithGap(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#tail = undefined;
    const rest = this.#behindWindow(tail);
    // Where the two overlap nothing is missing between them.
    if (rest.length === tail.length) this.#lines.push(this.#gapLine());
    this.#lines.push(...rest);
    this.#cutOldest();
  }

  /** Has the window begin behind the gap at an index, if there is something before that. */
  #beginBehind(index: number): void {
    if (index <= 0) return;
    const lost = this.#lines.slice(0, index).findLast((line) => line.kind === 'message');
    this.#gapBefore = { line: this.#lines[index]!, after: lost?.message.id ?? '0' };
    this.#lines = this.#lines.slice(index + 1);
    this.#hasOlder = true;
  }

  /** Older lines with the gap among them, where they have come to it: it mostly is where history begins. */
  #withGap(older: Line[], hasMore: boolean): Line[] {
    const gap = this.#gapBefore;
    if (gap === undefined) return older;
    // A store that lost its newest messages alone still has those before the gap.
    const isBefore = (line: Line) => line.kind === 'message' && compareIds(line.message.id, gap.after) <= 0;
    const index = older.findLastIndex(isBefore) + 1;
    if (index === 0 && hasMore) return older;
    this.#gapBefore = undefined;
    return [...older.slice(0, index), gap.line, ...older.slice(index)];
  }

  /** The lines of the tail that the window has not come to. */
  #behindWindow(tail: readonly Line[]): readonly Line[] {
    const last = this.newestShown ?? '0';
    const isOlder = (line: Line) => line.kind === 'message' && compareIds(line.message.id, last) <= 0;
    return tail.slice(tail.findLastIndex(isOlder) + 1);
  }

  /** Lines for those of a page that are not shown yet. */
  #newIn(messages: readonly Message[]): Line[] {
    return messages.filter(({ id }) => !this.#shows(id)).map(lineOf);
  }

  #shows(id: string): boolean {
    const newest = this.newestShown;
    if (newest === undefined || compareIds(id, newest) > 0) return false;
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
