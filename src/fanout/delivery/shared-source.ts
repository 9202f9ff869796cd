import type { ChatError } from '#domain/errors.js';
import type { Render } from '#fanout/projection/framing.js';
import type { Sink } from './sink.js';

/** What has been started for one subscriber. */
export interface Delivery {
  /** Writes what there is, as far as the sink takes it. Safe to call at any time. */
  pump(): void;
  /** Writes nothing more. May be called twice. */
  end(): void;
}

/** Whoever started a delivery: told where it cannot go on. */
export interface Owner {
  refused(reason: ChatError): void;
}

/**
 * What the resolver of a shared subscription returns: a place from which `subscribe` of this folder delivers.
 * It is released once, by whoever holds it.
 */
export abstract class SharedSource<Event> implements AsyncIterable<Event> {
  /**
   * Starts delivery into a sink, once. Those who give the same key share what `makeRender` makes for the
   * first of them. `owner` is told once at most, and never after `end()`.
   */
  abstract subscribe(key: string, makeRender: () => Render<Event>, sink: Sink, owner: Owner): Delivery;

  /** Gives the place back. May be called twice. */
  abstract release(): void;

  /** A source is an iterable by type alone: its events are executed once for all, not by each consumer. */
  [Symbol.asyncIterator](): never {
    this.release();
    throw new Error(
      'A shared subscription is delivered by the shared subscribe, not by iterating its source.',
    );
  }
}
