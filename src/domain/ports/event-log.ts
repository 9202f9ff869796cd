import type { Draft, Message, MessageId } from '#domain/message.js';
import type { Sender } from './limiter.js';

/**
 * A window on a room's history. `after` and `before` are exclusive; `take` counts from that end of what
 * lies between them.
 */
export interface Window {
  after?: MessageId;
  before?: MessageId;
  take: { first: number } | { last: number };
}

/** A stretch of a room's history, oldest first, without a gap. */
export interface Page {
  messages: Message[];
  /** Whether messages older than these are kept. */
  hasOlder: boolean;
  /** Whether messages newer than these are kept. */
  hasNewer: boolean;
}

/**
 * The store of messages and rooms. Every call ends within a time limit; each throws a ChatError with
 * SERVICE_UNAVAILABLE where the store cannot be reached or does not answer in time.
 */
export interface ChatRepository {
  /**
   * Stores and publishes a message, and gives it its id. With a nonce that this author has used in this
   * room within the nonce's lifetime, it gives the first message and stores and publishes nothing. After
   * SERVICE_UNAVAILABLE the outcome is unknown; the same nonce settles it.
   *
   * Throws RATE_LIMITED where the sender has passed a limit; then nothing was stored, and nothing counted. A
   * nonce that was used before is never limited. Without a sender no limit holds.
   */
  send(draft: Draft, sender?: Sender): Promise<Message>;

  /**
   * Reads history. `after` is honoured exactly: it throws CURSOR_EXPIRED where the message it names is
   * neither kept nor the one just before the oldest kept.
   */
  page(roomId: string, window: Window): Promise<Page>;

  /** The newest message of each room, in the order asked; null for a room without any. One round trip. */
  lastMessages(roomIds: readonly string[]): Promise<(Message | null)[]>;

  /** How many connections hold a live subscription to each room, over all nodes. One round trip. */
  connectionCounts(roomIds: readonly string[]): Promise<number[]>;

  /**
   * Rooms that hold messages or connections: most connections first, then by id; `limit` at most. The list is
   * about a second old at most, the same for all readers of a node, and still served while the store is away.
   * Throws SERVICE_UNAVAILABLE only if no list is known yet.
   */
  activeRooms(limit: number): Promise<string[]>;
}

/**
 * Which connections are in which room, told to every node. The calls return at once: what they say
 * reaches the store soon, again after the store was away, and never throws.
 */
export interface Presence {
  /** A connection gained a live subscription to a room. Counted: join twice, leave twice. */
  join(roomId: string, connectionId: string): void;
  leave(roomId: string, connectionId: string): void;
}

/** Something that was opened and has an end. `close` may be called twice. */
export interface Closeable {
  close(): Promise<void>;
}

/** What a room's feed tells. None of these may throw. */
export interface FeedListener {
  /** A message was published. Anything may have been missed before it: its `prev` tells. */
  onMessage(message: Message): void;
  /** The feed was interrupted and is back: what came meanwhile was not told. */
  onResumed(): void;
  /** The feed is refused for good; it is closed, and nothing more is told. */
  onFailed(error: Error): void;
}

/** What is published in a room, as it is published: at most once, with gaps that `prev` makes visible. */
export interface MessageFeed {
  /**
   * Resolves once the room's feed is live: what is published from then on is told. Throws a ChatError
   * (SERVICE_UNAVAILABLE) where it is refused; nothing is left behind then.
   */
  open(roomId: string, listener: FeedListener): Promise<Closeable>;
}
