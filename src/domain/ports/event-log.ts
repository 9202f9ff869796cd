import type { Cursor } from '#domain/cursor.js';
import type { Entry } from '#domain/entry.js';
import type { Draft, Message } from '#domain/message.js';
import type { Sender } from './limiter.js';

/**
 * A window on a room's log. `after` and `before` are exclusive; `take` counts from that end of what lies
 * between them.
 */
export interface Window {
  after?: Cursor;
  before?: Cursor;
  take: { first: number } | { last: number };
}

/**
 * How far a room's log goes. The head is the id of the newest entry that the room ever had, even if that
 * entry is no longer kept; `0` if there was none. Ids are comparable within one epoch only: a store that lost
 * its data starts a new one. The epoch is empty while it is unknown, as in a room that only the previous
 * version has written to; learning it later ends nothing.
 */
export interface Head {
  epoch: string;
  head: Cursor;
  /** The store's own clock when it was read, in milliseconds since 1970. */
  now: number;
}

/** A stretch of a room's log, oldest first, without a gap, and how far the log goes. */
export interface Page extends Head {
  entries: Entry[];
  /** Whether entries older than these are kept. */
  hasOlder: boolean;
  /** Whether entries newer than these are kept. */
  hasNewer: boolean;
}

/** A stretch of a room's messages, oldest first. What lies between them is not a message. */
export interface MessagePage {
  messages: Message[];
  /** Whether messages older than these are kept. */
  hasOlder: boolean;
  /** Whether messages newer than these are kept. */
  hasNewer: boolean;
  /** The room's head, as in `Head`. */
  head: Cursor;
}

/**
 * The logs of all rooms. Every call ends within a time limit; each throws a ChatError with
 * SERVICE_UNAVAILABLE if the store cannot be reached or does not answer in time.
 */
export interface EventLog {
  /**
   * Stores and publishes a message, and gives it its id. With a nonce that this author has used in this room
   * within the nonce's lifetime, it returns the first message and stores and publishes nothing. After
   * SERVICE_UNAVAILABLE the outcome is unknown; the same nonce settles it. Without a sender no limit applies.
   *
   * Throws RATE_LIMITED if the sender has reached a limit; then nothing was stored and nothing counted. A
   * nonce that was used before is never limited. Throws FORBIDDEN if the message that the nonce made was
   * removed since.
   */
  append(draft: Draft, sender?: Sender): Promise<Message>;

  /**
   * Reads entries. `after` is honoured exactly: it throws CURSOR_EXPIRED unless the store can show that
   * nothing after it is missing.
   */
  page(roomId: string, window: Window): Promise<Page>;

  /** Reads messages alone: the page is full if enough messages are kept. `after` is honoured as in `page`. */
  messages(roomId: string, window: Window): Promise<MessagePage>;

  /** The head of each room, in the order asked; null for a room that cannot be read. One round trip. */
  heads(roomIds: readonly string[]): Promise<(Head | null)[]>;

  /** The newest message of each room, in the order asked; null for a room without any. */
  lastMessages(roomIds: readonly string[]): Promise<(Message | null)[]>;
}
