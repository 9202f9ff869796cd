import type { Cursor, EntryId } from '#domain/cursor.js';
import type { Entry } from '#domain/entry.js';
import type { Draft, Message } from '#domain/message.js';
import type { Sender } from './limiter.js';

/**
 * A window on a room's log. `after` and `before` are exclusive.
 * `take` counts from one end of the entries between them.
 */
export interface Window {
  after?: Cursor;
  before?: Cursor;
  take: { first: number } | { last: number };
}

/**
 * The head of a room's log: the id of the newest entry that the room ever had, even if it is no longer kept;
 * `0` if there never was one. Ids are comparable only within an epoch, and a store that lost its data starts
 * a new one. The epoch is empty while it is unknown, such as in a room that only older versions have written
 * to. Changing from unknown to known does not end an epoch.
 */
export interface Head {
  epoch: string;
  head: Cursor;
  /** The time of the read by the store's clock, in milliseconds since 1970. */
  now: number;
}

/** A stretch of a room's log without gaps, oldest first, and the log's head. */
export interface Page extends Head {
  entries: readonly Entry[];
  /** Whether entries older than these are kept. */
  hasOlder: boolean;
  /** Whether entries newer than these are kept. */
  hasNewer: boolean;
}

/** A stretch of a room's messages without gaps, oldest first. */
export interface MessagePage {
  messages: Message[];
  /** Whether messages older than these are kept. */
  hasOlder: boolean;
  /** Whether messages newer than these are kept. */
  hasNewer: boolean;
  /** The room's head, as in `Head`. */
  head: Cursor;
}

/** Which messages a caller may retract. */
export interface RetractionRights {
  /** Only messages of this user. Undefined: messages of anyone. */
  author?: string;
  /** Only messages that are younger than this, in milliseconds. Undefined: messages of any age. */
  withinMs?: number;
  /**
   * Spares messages that were sent with a protected role, unless this user sent them. Undefined: spares none.
   */
  sparesAllBut?: string;
}

/** The outcome of a retraction. Each requested id is in one of the lists. */
export interface Retracted {
  /** Messages that are retracted now, even if they were before. */
  retracted: EntryId[];
  /** Ids of no message that the room keeps. */
  missing: EntryId[];
}

/**
 * The logs of all rooms. Every call ends within a time limit. It throws a ChatError with SERVICE_UNAVAILABLE
 * if the store is unreachable or does not answer in time.
 */
export interface EventLog {
  /**
   * Assigns a message its id, stores it and publishes it. If the author recently
   * used the same nonce in the room, returns the first message and stores nothing.
   * After SERVICE_UNAVAILABLE, the message may or may not have been sent, and it is
   * safe to repeat the call with the same nonce. Without a sender, no limit applies.
   *
   * Throws RATE_LIMITED if the sender has reached a limit; nothing was stored or counted then. A repeated
   * nonce is never limited. Throws FORBIDDEN if the message with this nonce has been retracted.
   */
  append(draft: Draft, sender?: Sender): Promise<Message>;

  /**
   * Removes messages: replaces each by a tombstone and appends one entry that names them. Appends nothing if none of
   * them was left. Takes at most MAX_RETRACTED_IDS ids, which the store finds by their position. Safe to repeat.
   *
   * Throws FORBIDDEN, with the reason and the id, if the rights do not cover one of the messages. Nothing was retracted
   * then. After SERVICE_UNAVAILABLE, they may or may not have been retracted.
   */
  retract(roomId: string, ids: readonly EntryId[], rights: RetractionRights): Promise<Retracted>;

  /**
   * Reads entries. Throws CURSOR_EXPIRED if entries after `after` may be missing.
   */
  page(roomId: string, window: Window): Promise<Page>;

  /**
   * Reads only messages, as many as requested if the room has enough. Throws CURSOR_EXPIRED like `page`.
   *
   * If the caller knows the head that the log had a moment ago, a copy of the log may answer, even one that is behind, as
   * long as it has everything up to there and up to the cursors. What was stored since then may be missing. Without
   * `known`, nothing is missing that was acknowledged before the call.
   */
  messages(roomId: string, window: Window, known?: Head): Promise<MessagePage>;

  /**
   * The head of each room, in the order given; null for a room that is malformed. One round trip. If only the part of the
   * store that has a room is unreachable, there is SERVICE_UNAVAILABLE in place of its head.
   */
  heads(roomIds: readonly string[]): Promise<(Head | null | Error)[]>;

  /**
   * The newest message of each room, in the order given; null for a room without messages. SERVICE_UNAVAILABLE is in
   * place of single messages, as in `heads`.
   */
  lastMessages(roomIds: readonly string[]): Promise<(Message | null | Error)[]>;
}
