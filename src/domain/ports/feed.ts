import type { Entry } from '#domain/entry.js';

/** Something that was opened and can be closed. `close` may be called twice. */
export interface Closeable {
  close(): Promise<void>;
}

/** Receives what a room's feed delivers. None of these may throw. */
export interface FeedListener {
  /** An entry was published. Anything before it may have been missed: its `prev` tells. */
  onEntry(entry: Entry): void;
  /** The feed was interrupted and is back. What was published in between was not delivered. */
  onResumed(): void;
  /** The feed is refused for good. It is closed and delivers nothing more. */
  onFailed(error: Error): void;
}

/** What is published in rooms, as it is published: at most once, with gaps that `prev` makes visible. */
export interface Feed {
  /**
   * Resolves once the room's feed is live: what is published from then on is delivered. Throws a ChatError
   * (SERVICE_UNAVAILABLE) if it is refused; nothing is left behind then.
   */
  open(roomId: string, listener: FeedListener): Promise<Closeable>;
}
