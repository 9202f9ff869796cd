/**
 * The id of an entry in a room's log, which is also its cursor: `<ms>-<seq>`, as in Redis Streams. The
 * milliseconds come from Redis' clock, and the sequence distinguishes entries of the same millisecond. Ids
 * increase within a room.
 */
export type EntryId = string;

/** A position in a room's log: the id of the entry just before it, or `0`. */
export type Cursor = string;

/** The cursor before a room's first entry. */
export const BEGINNING: Cursor = '0';

const ID = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/;

/** Whether a text has the form of an entry's id. The beginning, `0`, is a cursor but not an id. */
export function isEntryId(text: string): text is EntryId {
  return ID.test(text);
}

/** Whether a text has the form of a cursor: an entry's id, or `0`. */
export function isCursor(text: string): text is Cursor {
  return text === BEGINNING || isEntryId(text);
}

/** Negative if `a` is older than `b`, 0 if they are equal, and positive if it is newer. `0` is the oldest. */
export function compareIds(a: Cursor, b: Cursor): number {
  if (a === b) return 0;
  return millisecondsOf(a) - millisecondsOf(b) || sequenceOf(a) - sequenceOf(b);
}

/** The time in an id, in milliseconds since 1970, by Redis' clock; 0 for the beginning. */
export function millisecondsOf(id: Cursor): number {
  const dash = id.indexOf('-');
  return Number(dash < 0 ? id : id.slice(0, dash));
}

function sequenceOf(id: Cursor): number {
  const dash = id.indexOf('-');
  return dash < 0 ? 0 : Number(id.slice(dash + 1));
}
