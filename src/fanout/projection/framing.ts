import type { Cursor } from '#domain/cursor.js';

/** Executes a selection on an event and serializes the result. An error becomes a result with `errors`. */
export type Render<Event> = (event: Event) => Buffer | Promise<Buffer>;

/**
 * Turns serialized results into the frames of a transport. Subscriptions with the same framing share batches.
 */
export interface Framing<Frames> {
  /** Framings with equal keys must build equal frames. */
  readonly key: string;
  /** Frames serialized results, in order. `ids` are their cursors, if they have any. */
  encode(payloads: readonly Buffer[], ids?: readonly Cursor[]): Frames;
}

/**
 * Consecutive entries, framed for a transport. A batch without events moves the cursor and writes nothing.
 */
export interface Batch<Frames> {
  frames: Frames;
  /** The number of events in the frames. */
  count: number;
  /** The log position after the last entry. */
  end: number;
  /** The id of the last entry, which becomes the subscriber's cursor. */
  lastId: Cursor;
  /** Size of the payloads in bytes, without framing. */
  bytes: number;
}
