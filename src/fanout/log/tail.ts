import { BEGINNING, compareIds, type Message, type MessageId, millisecondsOf } from '#domain/message.js';
import { Ring } from './ring.js';

/**
 * The newest messages of a room, in order and without a gap, each at a position that never changes. Whoever
 * keeps it up to date appends; whoever delivers from it finds its place by a cursor.
 */
export class MessageTail {
  readonly #ring: Ring<Message>;
  #head: MessageId | undefined;
  #floor = 0;

  /** Holds `capacity` messages at most, and none for longer than `ttlMs` milliseconds. */
  constructor(
    capacity: number,
    protected readonly ttlMs: number,
  ) {
    this.#ring = new Ring(capacity);
  }

  /** The oldest position held. */
  get start(): number {
    return this.#ring.start;
  }

  /** The position of the message that comes next. */
  get end(): number {
    return this.#ring.end;
  }

  /** Positions below this one were lost with the store's data: who stands there cannot go on. */
  get floor(): number {
    return this.#floor;
  }

  /** The id of the newest message that was appended, `0` before any; undefined until it was begun. */
  get head(): MessageId | undefined {
    return this.#head;
  }

  at(position: number): Message | undefined {
    return this.#ring.at(position);
  }

  /** The position to deliver from for who holds `cursor`; undefined where that place is not held here. */
  locate(cursor: MessageId): number | undefined {
    this.#dropExpired();
    if (cursor === this.#head) return this.end;
    const oldest = this.at(this.start);
    if (oldest === undefined) return undefined;
    if (cursor === oldest.prev) return this.start;
    const position = this.find(cursor);
    return position === undefined ? undefined : position + 1;
  }

  /** The position of the newest `count` messages that still live. */
  newest(count: number): number {
    this.#dropExpired();
    return Math.max(this.start, this.end - count);
  }

  /** The position of a message, by binary search. */
  protected find(id: MessageId): number | undefined {
    let low = this.start;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.at(middle)!.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return this.at(low)?.id === id ? low : undefined;
  }

  /** Begins with these, which are all that there is. */
  protected begin(messages: readonly Message[]): void {
    this.#head = BEGINNING;
    for (const message of messages) this.append(message);
  }

  /** Begins again with these: they do not join on to what was held, and every place taken so far is lost. */
  protected beginAnew(messages: readonly Message[]): void {
    this.#ring.reset();
    this.#floor = this.#ring.start;
    this.begin(messages);
  }

  protected append(message: Message): void {
    this.#ring.push(message);
    this.#head = message.id;
  }

  /** Appends those that are newer than the head; returns how many were. */
  protected appendNewer(messages: readonly Message[]): number {
    const newer = messages.filter(({ id }) => compareIds(id, this.#head!) > 0);
    for (const message of newer) this.append(message);
    return newer.length;
  }

  #dropExpired(): void {
    const oldestAlive = Date.now() - this.ttlMs;
    for (;;) {
      const oldest = this.at(this.start);
      if (oldest === undefined || millisecondsOf(oldest.id) > oldestAlive) return;
      this.#ring.shift();
    }
  }
}
