import type { MessageId } from '#domain/message.js';

/** Executes a selection on an event and serialises the result. Errors are results, too. */
export type Render<Event> = (event: Event) => Buffer | Promise<Buffer>;

/**
 * Turns payloads into the bytes of a transport. One framing serves every subscription whose bytes have the
 * same shape, so a batch is built once for all of them.
 */
export interface Framing<Frames> {
  /** Two framings with the same key build the same frames. */
  readonly key: string;
  /** Builds the `next` events of serialised results, in order. `ids` are their cursors, if they have any. */
  encode(payloads: readonly Buffer[], ids?: readonly MessageId[]): Frames;
}

/** Encoded events, the position after the last of them, and its id, which becomes the receiver's cursor. */
export interface Batch<Frames> {
  frames: Frames;
  end: number;
  lastId: MessageId;
  /** Size of the payloads, without what a transport puts around them. */
  bytes: number;
}
