import type { ExecutionResult } from 'graphql';
import type { Cursor } from '#domain/cursor.js';
import type { Framing } from '#fanout/projection/framing.js';

/** The destination of a subscription's events, such as a socket or an HTTP response. */
export interface Sink<Frames = unknown> {
  readonly framing: Framing<Frames>;
  /**
   * Called before the first write, with the cursor that delivery starts after. For clients that resume by it.
   */
  startsAfter?(cursor: Cursor): void;
  /** Whether the sink is above its high-water mark. Nothing more is written until it has drained. */
  readonly full: boolean;
  /** Writes frames. Ignores them if the destination is closed. Never throws. */
  write(frames: Frames): void;
  /** Calls back once when a full sink has drained. */
  whenDrained(callback: () => void): void;
  /**
   * Drops all events that have been written to this sink but not passed on, because one of them may have been retracted.
   * Returns the cursor of the last event that was passed on, from which delivery continues: empty if events have no
   * cursors, and undefined if it held none. Sinks that pass everything on at once do not need this.
   */
  takeBack?(): Cursor | '' | undefined;
}

/** A sink that is also notified when the server ends the subscription. */
export interface Audience<Frames = unknown> extends Sink<Frames> {
  /**
   * `result` contains only errors and is the last one. Called at most once, and never after the client left.
   */
  refused(result: ExecutionResult): void;
}
