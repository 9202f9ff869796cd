import type { MessageId } from '#domain/message.js';

/** Executes a selection on an event and serialises the result. An error becomes a result with `errors`. */
export type Render<Event> = (event: Event) => Buffer | Promise<Buffer>;

/**
 * Turns serialised results into the frames of a transport. Subscriptions with the same framing share batches.
 */
export interface Framing<Frames> {
  /** Framings with equal keys must build equal frames. */
  readonly key: string;
  /** Frames serialised results, in order. */
  encode(payloads: readonly Buffer[]): Frames;
}

/** Consecutive events, framed for a transport. */
export interface Batch<Frames> {
  frames: Frames;
  /** The log position after the last event. */
  end: number;
  /** The id of the last event, which becomes the subscriber's cursor. */
  lastId: MessageId;
  /** Size of the payloads in bytes, without framing. */
  bytes: number;
}
