/**
 * A room's log on this node: its newest messages, in order, without a gap.
 *
 *   open     feed.open → page(last n) → live
 *   message  prev = head → append; already held → nothing; otherwise → catch up
 *   resumed  catch up, without waiting for a message
 *   catch up page(after head) until nothing is newer; CURSOR_EXPIRED → reset: everyone starts anew
 *
 * Whatever the feed loses, doubles or tells late, what is appended is what the store's list holds.
 */
import { serviceUnavailable } from '#domain/errors.js';
import { BEGINNING, compareIds, type Message, type MessageId, millisecondsOf } from '#domain/message.js';
import type { ChatRepository, Closeable, MessageFeed, Page } from '#domain/ports/event-log.js';
import { HistoryReads, isExpired } from './history-reads.js';
import { MessageTail } from './tail.js';

/** What a log tells whoever delivers from it. */
export interface RoomLogObserver {
  /** There may be more to deliver: messages were appended, the log was reset, or the store is back. */
  onChange(): void;
  /** The feed is refused for good: the log tells nothing more. */
  onFailed(error: Error): void;
  /** A gap was found, and `messages` were read from the store to fill it. */
  onGapFilled(messages: number): void;
  /** A read of the store failed; it is tried again with the next message, resume or check. */
  onTrouble(error: unknown): void;
}

/** How far this node's clock may be behind the store's. */
const CLOCK_SKEW_MS = 1_000;

/** What a log is made of. Times in milliseconds, sizes in messages. */
export interface RoomLogOptions {
  repository: Pick<ChatRepository, 'page'>;
  feed: MessageFeed;
  capacity: number;
  pageSize: number;
  ttlMs: number;
}

export class RoomLog extends MessageTail {
  readonly #history: HistoryReads;
  /** When the store was last asked and held nothing newer than the head, by this node's clock. */
  #agreedAt = 0;
  #catchingUp = false;
  #askedAgain = false;
  #feedHandle: Closeable | undefined;
  #closed = false;

  constructor(
    readonly roomId: string,
    private readonly options: RoomLogOptions,
    private readonly observer: RoomLogObserver,
  ) {
    super(options.capacity, options.ttlMs);
    this.#history = new HistoryReads((cursor) =>
      this.#page({ after: cursor, take: { first: options.pageSize } }),
    );
  }

  /** Makes the log live: what is sent from now on is appended. Throws SERVICE_UNAVAILABLE where it can't. */
  async open(): Promise<void> {
    this.#feedHandle = await this.options.feed.open(this.roomId, {
      onMessage: (message) => this.#onMessage(message),
      onResumed: () => this.catchUp(),
      onFailed: (error) => this.observer.onFailed(error),
    });
    try {
      if (this.#closed) throw serviceUnavailable('The room was closed while it was being opened.');
      const askedAt = Date.now();
      const newest = await this.#page({ take: { last: this.options.capacity } });
      this.begin(newest.messages);
      this.#agreedAt = askedAt;
    } catch (error) {
      await this.close();
      throw error;
    }
    // What the feed told before the read was not appended: the list has it.
    if (this.#askedAgain) this.catchUp();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#feedHandle?.close();
  }

  /** What the store holds after a cursor, a page at most. Throws CURSOR_EXPIRED, SERVICE_UNAVAILABLE. */
  pageAfter(cursor: MessageId): Promise<Page> {
    return this.#history.after(cursor);
  }

  /** Reads from the store whatever is newer than the head. Safe to call at any time, and as often as one likes. */
  catchUp(): void {
    if (this.#closed) return;
    this.#askedAgain = true;
    if (this.#catchingUp || this.head === undefined) return;
    this.#catchingUp = true;
    this.#readUntilHead()
      .catch((error: unknown) => this.observer.onTrouble(error))
      .finally(() => {
        this.#catchingUp = false;
        this.observer.onChange();
      });
  }

  /** Compares what was the store's newest message at `askedAt` with the head, and catches up where they differ. */
  check(newest: Message | null, askedAt: number): void {
    if (this.head === undefined) return;
    const inOrder = newest === null ? this.#grewOld() : newest.id === this.head;
    if (inOrder) this.#agreedAt = askedAt;
    else this.catchUp();
    if (this.#history.takeFailure()) this.observer.onChange();
  }

  #onMessage(message: Message): void {
    if (this.#closed) return;
    if (this.head === undefined) {
      this.#askedAgain = true;
    } else if (this.#follows(message)) {
      this.append(message);
      this.observer.onChange();
    } else if (this.find(message.id) === undefined) {
      this.catchUp();
    }
  }

  async #readUntilHead(): Promise<void> {
    let filled = 0;
    while (this.#askedAgain && !this.#closed) {
      this.#askedAgain = false;
      filled += await this.#readOn();
    }
    if (filled > 0) this.observer.onGapFilled(filled);
  }

  /** Reads a page of what is newer than the head. Returns how many messages were. */
  async #readOn(): Promise<number> {
    const head = this.head!;
    const askedAt = Date.now();
    try {
      const page = await this.#page({ after: head, take: { first: this.options.pageSize } });
      const oldest = page.messages[0];
      // The feed told more meanwhile, and the store lost that: the page joins on to what was the head.
      const isTorn = oldest !== undefined && this.head !== head && compareIds(oldest.id, this.head!) > 0;
      // Where nothing of a page can be read, the next one would be the same.
      this.#askedAgain ||= (page.hasNewer && oldest !== undefined) || isTorn;
      if (!this.#askedAgain) this.#agreedAt = askedAt;
      return isTorn ? 0 : this.appendNewer(page.messages);
    } catch (error) {
      if (!isExpired(error)) throw error;
      await this.#startAnew(head);
      return 0;
    }
  }

  /** `head` is not in the store: it grew old in a silent room, or was trimmed, or the store lost its data. */
  async #startAnew(head: MessageId): Promise<void> {
    const askedAt = Date.now();
    const newest = await this.#page({ take: { last: this.options.capacity } });
    if (this.head !== head) {
      // The feed told more meanwhile: what the store has of that is not known yet.
      this.#askedAgain = true;
      return;
    }
    const oldest = newest.messages[0];
    if (oldest === undefined ? this.#grewOld() : this.#followsAnOldHead(oldest)) {
      this.appendNewer(newest.messages);
    } else {
      this.beginAnew(newest.messages);
    }
    this.#agreedAt = askedAt;
  }

  /** Whether nothing lies between the head and this message. */
  #follows(message: Message): boolean {
    if (compareIds(message.id, this.head!) <= 0) return false;
    return message.prev === BEGINNING ? this.#followsAnOldHead(message) : message.prev === this.head;
  }

  /** A room that is silent for its messages' lifetime begins anew: its next message has no `prev`. */
  #followsAnOldHead(message: Message): boolean {
    return message.prev === BEGINNING && this.#grewOld(millisecondsOf(message.id));
  }

  /**
   * Whether the head has died of age by then, and nothing that this log has not seen died after it: whatever
   * was stored since the store was last asked would be kept still.
   */
  #grewOld(by = Date.now() + CLOCK_SKEW_MS): boolean {
    if (Date.now() - this.#agreedAt >= this.ttlMs) return false;
    return this.head === BEGINNING || by - millisecondsOf(this.head!) >= this.ttlMs;
  }

  #page(window: Parameters<ChatRepository['page']>[1]): Promise<Page> {
    return this.options.repository.page(this.roomId, window);
  }
}
