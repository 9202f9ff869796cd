import type { EntryId } from '#domain/cursor.js';

/** What came of a run. Everything but the first two is a broken promise where it is not 0. */
export interface Counts {
  /** Messages whose sender was told that they were accepted. */
  sent: number;
  /** Messages received, over all viewers. */
  received: number;
  /** Not received by a viewer who was not told of a gap; or accepted, and not in the store. */
  lost: number;
  /** Received again by the same viewer, or stored again. */
  doubled: number;
  /** Received after a newer one. */
  outOfOrder: number;
  /** Received, and not in the store. */
  unknown: number;
}

/** Stands among the received ids where a viewer was told that it cannot go on without a gap. */
export const TOLD_OF_A_GAP = 'CURSOR_EXPIRED';

/** What a viewer has received and nobody has counted yet, in its order. */
export interface Received {
  readonly name: string;
  /** The message after which it began; the beginning of the room where not given. */
  readonly after?: EntryId | undefined;
  received: (EntryId | typeof TOLD_OF_A_GAP)[];
}

/** A message as its sender, or the store, knows it. */
export interface Known {
  id: EntryId;
  content: string;
}

/**
 * Holds what the viewers of one room received against what its list held. The list is the truth: it is read
 * again and again while a run goes on, or once at its end.
 */
export class Ledger {
  readonly #places = new Map<EntryId, number>();
  readonly #contents = new Set<string>();
  readonly #readings = new Map<string, Reading>();
  readonly #unseen = new Set<EntryId>();
  #newest: EntryId | undefined;
  #sent = 0;
  #storedAgain = 0;

  /** The list, oldest first, as it is now. */
  stored(messages: readonly Known[]): void {
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

  /** Takes what was accepted since the last time. */
  acknowledged(messages: Known[]): void {
    for (const { id } of messages.splice(0)) {
      this.#sent += 1;
      if (!this.#places.has(id)) this.#unseen.add(id);
    }
  }

  /** Takes what a viewer received since the last time, or so many of it: that must have been stored by now. */
  received({ name, after, received }: Received, count = received.length): void {
    const began = after === undefined ? 0 : (this.#places.get(after) ?? -1) + 1;
    const reading = this.#readings.get(name) ?? new Reading(began);
    this.#readings.set(name, reading);
    for (const id of received.splice(0, count)) {
      if (id === TOLD_OF_A_GAP) reading.beginAnew();
      else reading.take(this.#places.get(id));
    }
  }

  /** How often a viewer was told that it cannot go on without a gap. */
  get told(): number {
    return [...this.#readings.values()].reduce((sum, reading) => sum + reading.told, 0);
  }

  /** As things stand; what is still on its way counts as lost. */
  get counts(): Counts {
    const counts: Counts = {
      sent: this.#sent,
      received: 0,
      lost: this.#unseen.size,
      doubled: this.#storedAgain,
      outOfOrder: 0,
      unknown: 0,
    };
    for (const reading of this.#readings.values()) {
      counts.received += reading.received;
      counts.lost += reading.missing.size + this.#places.size - reading.next;
      counts.doubled += reading.doubled;
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
  doubled = 0;
  outOfOrder = 0;
  unknown = 0;
  told = 0;
  #beginsAnew = false;

  /** `next` is the place of the message that should come next. */
  constructor(public next: number) {}

  /** It was told that it cannot go on: what comes next may stand anywhere. */
  beginAnew(): void {
    this.told += 1;
    this.#beginsAnew = true;
  }

  take(place: number | undefined): void {
    this.received += 1;
    if (place === undefined) {
      this.unknown += 1;
    } else if (this.#beginsAnew) {
      this.next = place + 1;
    } else if (place >= this.next) {
      for (let gap = this.next; gap < place; gap += 1) this.missing.add(gap);
      this.next = place + 1;
    } else if (this.missing.delete(place)) {
      this.outOfOrder += 1;
    } else {
      this.doubled += 1;
    }
    this.#beginsAnew = false;
  }
}
