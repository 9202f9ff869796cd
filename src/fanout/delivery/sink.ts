import type { ExecutionResult } from 'graphql';
import type { MessageId } from '#domain/message.js';
import type { Framing } from '#fanout/projection/framing.js';

/** Where a subscriber's events go: a socket, a response, a test. */
export interface Sink<Frames = unknown> {
  readonly framing: Framing<Frames>;
  /** Called before the first write, with the cursor that delivery starts after. For clients that resume by it. */
  startsAfter?(cursor: MessageId): void;
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
