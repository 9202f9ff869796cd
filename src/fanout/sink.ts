import type { ExecutionResult } from 'graphql';
import type { MessageId } from '../chat/message.js';

/**
 * How payloads become the bytes of a transport. One framing serves every subscriber whose bytes have the
 * same shape, so that a batch is built once for all of them.
 */
export interface Framing<Frames> {
  /** Two framings with one key build the same frames. */
  readonly key: string;
  /** Builds the `next` events of serialised results, in order. */
  encode(payloads: readonly Buffer[]): Frames;
}

/** Encoded events, the position after the last of them, and its id: the cursor of who has received them. */
export interface Batch<Frames> {
  frames: Frames;
  end: number;
  lastId: MessageId;
  /** Of the payloads, without what a transport puts around them. */
  bytes: number;
}

/** Where a subscriber's events go: a socket, a response, a test. */
export interface Sink<Frames = unknown> {
  readonly framing: Framing<Frames>;
  /** Above its high-water mark: a subscriber writes nothing more until it is drained. */
  readonly full: boolean;
  /** Writes frames. A sink whose end has gone swallows it. Never throws. */
  write(frames: Frames): void;
  /** Calls back once, when a full sink has drained. */
  whenDrained(callback: () => void): void;
}

/** A sink that is also told where the server ends the subscription. */
export interface Audience<Frames = unknown> extends Sink<Frames> {
  /** It is over: this result, which holds errors alone, is the last. Once at most, and never after it was left. */
  refused(result: ExecutionResult): void;
}
