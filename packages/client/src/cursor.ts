/** The cursor that stands before a room's first message. */
export const BEGINNING = '0';

/** How many of the newest ids are remembered: more than any page, so that joining again doubles nothing. */
const REMEMBERED = 1_000;

/** Below 0, 0 or above 0, as `a` is older than, the same as, or newer than `b`. `0` is older than all. */
export function compareCursors(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs - bMs || aSequence - bSequence;
}

/** Whether a value has the form of a cursor: a message's id, `<ms>-<seq>`, or `0` for the beginning. */
export function isCursor(value: unknown): value is string {
  return typeof value === 'string' && /^(0|\d+-\d+)$/.test(value);
}

/** What has been seen of a room: the last message, and whether another one is new. */
export class Seen {
  readonly #recent = new Set<string>();

  /** @param cursor the id of the last message seen; undefined where nothing is known */
  constructor(public cursor: string | undefined) {}

  /** Notes a message. False for one that was seen, or is older than the last: it must not be handed on. */
  take(id: string): boolean {
    if (this.cursor !== undefined && compareCursors(id, this.cursor) <= 0) return false;
    this.cursor = id;
    if (this.#recent.has(id)) return false;
    this.#recent.add(id);
    if (this.#recent.size > REMEMBERED) this.#recent.delete(this.#recent.values().next().value!);
    return true;
  }

  /**
   * Gives the cursor up. The ids are still remembered: where the store lost its newest messages only, those
   * that it gives again were seen; and where its clock went back, new ones have older ids than the cursor.
   */
  startAnew(): void {
    this.cursor = undefined;
  }
}
