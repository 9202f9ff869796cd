import { type EntryId, millisecondsOf } from './cursor.js';

/** The author of a message. A guest's id is `guest:` followed by the display name. */
export interface User {
  id: string;
  name: string;
}

/** A message as it is stored, published and delivered. Immutable. */
export interface Message {
  id: EntryId;
  /** The id of the entry just before this one in its room, or `0`. It reveals gaps. */
  prev: EntryId;
  /** Messages are the entries without a kind. */
  kind?: undefined;
  roomId: string;
  author: User;
  content: string;
  /** The nonce that the message was sent with, if any. */
  nonce?: string | undefined;
}

/** A message that is not stored yet. The store assigns its id. */
export interface Draft {
  roomId: string;
  author: User;
  content: string;
  /**
   * Makes a send safe to repeat: the same nonce of the same
   * author in the same room returns the first message.
   */
  nonce?: string;
}

/** When a message was accepted, by Redis' clock. */
export function createdAt(message: Message): Date {
  return new Date(millisecondsOf(message.id));
}
