import type { EventLog } from '#domain/ports/event-log.js';
import type { Feed } from '#domain/ports/feed.js';
import type { Retractions } from './retractions.js';

/** What a log reports to the room that delivers from it. */
export interface RoomLogObserver {
  /** There may be more to deliver: the log grew or was reset, or the store is available again. */
  onChange(): void;
  /**
   * Messages were retracted: those at these positions, and possibly older ones. Nothing that was made from them may be
   * delivered any more.
   */
  onRetracted(positions: readonly number[]): void;
  /** The feed failed permanently. The log receives nothing more. */
  onFailed(error: Error): void;
  /** A gap was filled with this many messages from the store. */
  onGapFilled(messages: number): void;
  /** Reading the store failed. The next entry, resume or check tries again. */
  onTrouble(error: unknown): void;
}

/** Settings and dependencies of a log. Times are in milliseconds, sizes in entries. */
export interface RoomLogOptions {
  eventLog: Pick<EventLog, 'page' | 'messages'>;
  feed: Feed;
  capacity: number;
  pageSize: number;
  ttlMs: number;
  /** The retractions that this node has seen. */
  retractions: Retractions;
  /** A monotonic clock in milliseconds. Defaults to `performance.now`. */
  elapsed?: () => number;
}
