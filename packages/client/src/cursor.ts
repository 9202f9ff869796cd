/** The cursor before a room's first message. */
export const BEGINNING = '0';

/**
 * Compares two cursors by age, as `Array.sort` expects: negative if `a` is older than `b`. `0` is the oldest.
 */
export function compareCursors(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs - bMs || aSequence - bSequence;
}

/** Whether a value has the form of a cursor: a message's id, `<ms>-<seq>`, or `0` for the beginning. */
export function isCursor(value: unknown): value is string {
  return typeof value === 'string' && /^(0|\d+-\d+)$/.test(value);
}
