import { compareIds, type EntryId, millisecondsOf } from './cursor.js';
import type { Message } from './message.js';

/** What is left of a message that was retracted: its place in the log, so that it remains a valid cursor. */
export interface Tombstone {
  id: EntryId;
  /** The id of the entry just before this one, or `0`. */
  prev: EntryId;
  kind: 'gone';
}

/**
 * The record that messages were retracted. It names them by their ids or, if `author` is set, as all messages of that
 * user that are older than this entry. It comes after the messages that it names.
 */
export interface Retraction {
  id: EntryId;
  prev: EntryId;
  kind: 'retracted';
  roomId: string;
  ids: readonly EntryId[];
  /** The id of a user, all of whose earlier messages are retracted. */
  author?: string | undefined;
}

/**
 * An entry that this version cannot read, because a newer version wrote it. Cursors move past it, but it is
 * not delivered. So clients of an older node can resume before, at and after it.
 */
export interface OpaqueEntry {
  id: EntryId;
  prev: EntryId;
  /** The kind, as named by the version that wrote it. */
  kind: string;
}

/** An entry of a room's log. Immutable. Messages have no kind. */
export type Entry = Message | Tombstone | Retraction | OpaqueEntry;

/** An entry that clients can receive. */
export type RoomEvent = Message | Retraction;

/** Whether an entry is a message. */
export function isMessage(entry: Entry): entry is Message {
  return entry.kind === undefined;
}

/** Whether an entry retracts messages. */
export function isRetraction(entry: Entry): entry is Retraction {
  return entry.kind === 'retracted';
}

/** Whether an entry is one that clients can receive. */
export function isRoomEvent(entry: Entry): entry is RoomEvent {
  return isMessage(entry) || isRetraction(entry);
}

/** Whether a retraction names this message. */
export function retracts({ id, roomId, ids, author }: Retraction, message: Message): boolean {
  if (message.roomId !== roomId) return false;
  return ids.includes(message.id) || (author === message.author.id && compareIds(message.id, id) < 0);
}

/** The tombstone that takes an entry's place. */
export function tombstoneOf({ id, prev }: Entry): Tombstone {
  return { id, prev, kind: 'gone' };
}

/** When an entry was stored, by Redis' clock. */
export function storedAt({ id }: Entry): Date {
  return new Date(millisecondsOf(id));
}

/** How many of the entries are messages. */
export function countMessages(entries: readonly Entry[]): number {
  let count = 0;
  for (const entry of entries) if (isMessage(entry)) count += 1;
  return count;
}
