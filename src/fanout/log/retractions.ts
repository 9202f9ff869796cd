import {
  type Entry,
  isMessage,
  isRetraction,
  type Retraction,
  retracts,
  tombstoneOf,
} from '#domain/entry.js';
import type { Message } from '#domain/message.js';

/** A moment in the order in which this node has seen retractions. */
export interface Mark {
  next: Seen | undefined;
}

interface Seen extends Mark {
  readonly retraction: Retraction;
}

/**
 * The retractions that this node has seen recently, so that a read of the store that began before one of them is not
 * used without it. A read takes a mark when it begins.
 *
 * This is a list that is linked forwards and known only by its newest element. So a retraction is kept exactly as long
 * as someone holds an older mark, and the garbage collector does the bookkeeping.
 */
export class Retractions {
  #newest: Mark = { next: undefined };

  /** The present moment. */
  mark(): Mark {
    return this.#newest;
  }

  add(retraction: Retraction): void {
    const seen: Seen = { retraction, next: undefined };
    this.#newest.next = seen;
    this.#newest = seen;
  }

  /** The retractions since a mark, oldest first. */
  *since(mark: Mark): Iterable<Retraction> {
    for (let seen = mark.next; seen !== undefined; seen = seen.next) yield seen.retraction;
  }

  /** Whether one of the messages was retracted since a mark. */
  coversAny(mark: Mark, messages: readonly Message[]): boolean {
    for (const retraction of this.since(mark)) {
      if (messages.some((message) => retracts(retraction, message))) return true;
    }
    return false;
  }
}

/** The entries with tombstones in place of retracted messages. The same array if there are none. */
export function withoutRetracted(
  entries: readonly Entry[],
  retractions: Iterable<Retraction>,
): readonly Entry[] {
  let result = entries;
  for (const retraction of retractions) {
    const covers = (entry: Entry) => isMessage(entry) && retracts(retraction, entry);
    if (result.some(covers)) result = result.map((entry) => (covers(entry) ? tombstoneOf(entry) : entry));
  }
  return result;
}

/** The retractions among the entries. */
export function retractionsIn(entries: readonly Entry[]): Retraction[] {
  return entries.filter(isRetraction);
}
