import type { EntryId } from './cursor.js';
import type { Message } from './message.js';

/**
 * An entry that this version cannot read, because a newer version wrote it. The cursor moves over it, and
 * nothing is delivered: a reader of an older version loses its place neither before nor behind it.
 */
export interface OpaqueEntry {
  id: EntryId;
  /** The id of the entry just before this one, or `0`. */
  prev: EntryId;
  /** What the entry is, in the words of the version that wrote it. A message has no kind. */
  kind: string;
}

/** Anything that a room's log holds. Never changed once made. */
export type Entry = Message | OpaqueEntry;

/** Whether an entry is a message: it is one if it has no kind. */
export function isMessage(entry: Entry): entry is Message {
  return entry.kind === undefined;
}

/** How many of these entries are messages. */
export function countMessages(entries: readonly Entry[]): number {
  let count = 0;
  for (const entry of entries) if (isMessage(entry)) count += 1;
  return count;
}
