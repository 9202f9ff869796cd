import type { EntryId } from '#domain/cursor.js';

/** The result of a run. All counts but the first two must be 0, otherwise a promise was broken. */
export interface Counts {
  /** Messages that the server acknowledged. */
  sent: number;
  /** Messages received, over all viewers. */
  received: number;
  /** Messages that a viewer missed without learning of a gap, or that were acknowledged but not stored. */
  lost: number;
  /** Messages that the same viewer received again, or that were stored again. */
  duplicated: number;
  /** Messages received after a newer one. */
  outOfOrder: number;
  /** Messages received that are not in the store. */
  unknown: number;
}

/** Marks, among the received ids, a gap that the server reported. */
export const GAP = 'CURSOR_EXPIRED';

/** The messages that a viewer has received but that were not counted yet, in order. */
export interface ReceivedMessages {
  readonly name: string;
  /** The message after which it started, or undefined for the beginning of the room. */
  readonly after?: EntryId | undefined;
  received: (EntryId | typeof GAP)[];
}

/** A message, as its sender or the store knows it. */
export interface KnownMessage {
  id: EntryId;
  content: string;
}

/**
 * Compares what the viewers of one room received with what its list contained. Read the list once at the end
 * of a run, or repeatedly while it goes on.
 */
export class Ledger {
  readonly #places = new Map<EntryId, number>();
  readonly #contents = new Set<string>();
  readonly #readings = new Map<string, Reading>();
  readonly #unseen = new Set<EntryId>();
  #newest: EntryId | undefined;
  #sent = 0;
  #storedAgain = 0;

  /** Records the current list, oldest first. */
  stored(messages: readonly KnownMessage[]): void {
    const known = messages.findIndex(({ id }) => id === this.#newest);
    if (known < 0 && this.#newest !== undefined) throw new Error('The list was not read often enough.');
    for (const { id, content } of messages.slice(known + 1)) {
      this.#places.set(id, this.#places.size);
      this.#newest = id;
      this.#unseen.delete(id);
      if (this.#contents.has(content)) this.#storedAgain += 1;
      this.#contents.add(content);
    }
  }

  /** Records and removes the acknowledged messages. */
  acknowledged(messages: KnownMessage[]): void {
    for (const { id } of messages.splice(0)) {
      this.#sent += 1;
      if (!this.#places.has(id)) this.#unseen.add(id);
    }
  }

  /** Records and removes the first `count` messages that a viewer received. Record the list before. */
  received({ name, after, received }: ReceivedMessages, count = received.length): void {
    const began = after === undefined ? 0 : (this.#places.get(after) ?? -1) + 1;
    const reading = this.#readings.get(name) ?? new Reading(began);
    this.#readings.set(name, reading);
    for (const id of received.splice(0, count)) {
      if (id === GAP) reading.expectGap();
      else reading.take(this.#places.get(id));
    }
  }

  /** How often viewers learned of a gap. */
  get gaps(): number {
    return [...this.#readings.values()].reduce((sum, reading) => sum + reading.gaps, 0);
  }

  /** What is lost so far, as text: accepted messages that are not stored, and stored ones that a viewer missed. */
  get losses(): string[] {
    const ids = [...this.#places.keys()];
    const missed = [...this.#readings].flatMap(([name, { missing, next }]) => {
      const places = [...missing, ...Array.from({ length: ids.length - next }, (_, index) => next + index)];
      return places.length === 0 ? [] : `${name} missed ${places.map((place) => ids[place]).join(', ')}`;
    });
    return this.#unseen.size === 0 ? missed : [`not stored: ${[...this.#unseen].join(', ')}`, ...missed];
  }

  /** The counts so far. Messages in flight count as lost. */
  get counts(): Counts {
    const counts: Counts = {
      sent: this.#sent,
      received: 0,
      lost: this.#unseen.size,
      duplicated: this.#storedAgain,
      outOfOrder: 0,
      unknown: 0,
    };
    for (const reading of this.#readings.values()) {
      counts.received += reading.received;
      counts.lost += reading.missing.size + this.#places.size - reading.next;
      counts.duplicated += reading.duplicated;
      counts.outOfOrder += reading.outOfOrder;
      counts.unknown += reading.unknown;
    }
    return counts;
  }
}

/** How far one viewer has read. */
class Reading {
  readonly missing = new Set<number>();
  received = 0;
  duplicated = 0;
  outOfOrder = 0;
  unknown = 0;
  gaps = 0;
  #gapExpected = false;

  /** `next` is the position of the next expected message. */
  constructor(public next: number) {}

  /** The viewer learned of a gap, so its next message may be at any position. */
  expectGap(): void {
    this.gaps += 1;
    this.#gapExpected = true;
  }

  take(place: number | undefined): void {
    this.received += 1;
    if (place === undefined) {
      this.unknown += 1;
    } else if (this.#gapExpected) {
      this.next = place + 1;
    } else if (place >= this.next) {
      for (let gap = this.next; gap < place; gap += 1) this.missing.add(gap);
      this.next = place + 1;
    } else if (this.missing.delete(place)) {
      this.outOfOrder += 1;
    } else {
      this.duplicated += 1;
    }
    this.#gapExpected = false;
  }
}
