import type { EntryId } from './cursor.js';

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
  /** The role of the author when the message was sent, if it protects the message from moderators. */
  role?: ProtectedRole | undefined;
}

/** The roles whose messages only their author and the platform may retract. */
export type ProtectedRole = 'moderator' | 'service';

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
  /** Protects the message from other moderators. */
  role?: ProtectedRole;
}
