import type { Entry } from '#domain/entry.js';

/** Something that can be closed. `close` is safe to call twice. */
export interface Closeable {
  close(): Promise<void>;
}

/** Receives the events of a room's feed. No method may throw. */
export interface FeedListener {
  /** An entry was published. Its `prev` shows whether entries before it were missed. */
  onEntry(entry: Entry): void;
  /** The feed has resumed after an interruption. Entries that were published meanwhile are not delivered. */
  onResumed(): void;
  /** The feed was refused permanently. It is closed and delivers nothing more. */
  onFailed(error: Error): void;
}

/** Delivers entries as they are published, at most once. The `prev` of an entry reveals gaps. */
export interface Feed {
  /**
   * Opens a room's feed. Resolves once it is live: entries published from then on are delivered. Throws a
   * ChatError with SERVICE_UNAVAILABLE if it is refused, and leaves nothing behind then.
   */
  open(roomId: string, listener: FeedListener): Promise<Closeable>;
}
