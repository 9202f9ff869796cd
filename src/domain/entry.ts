import type { EntryId } from './cursor.js';
import type { Message } from './message.js';

/**
 * An entry that this version cannot read, because a newer version wrote it. Cursors move past it, but it is
 * not delivered. So clients of an older node can resume before, at and after it.
 */
export interface OpaqueEntry {
  id: EntryId;
  /** The id of the entry just before this one, or `0`. */
  prev: EntryId;
  /** The kind, as named by the version that wrote it. Messages have no kind. */
  kind: string;
}

/** An entry of a room's log. Immutable. */
export type Entry = Message | OpaqueEntry;

/** Whether an entry is a message, which has no kind. */
export function isMessage(entry: Entry): entry is Message {
  return entry.kind === undefined;
}

/** How many of the entries are messages. */
export function countMessages(entries: readonly Entry[]): number {
  let count = 0;
  for (const entry of entries) if (isMessage(entry)) count += 1;
  return count;
}
