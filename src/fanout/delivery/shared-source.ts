import type { ChatError } from '#domain/errors.js';
import type { Render } from '#fanout/projection/framing.js';
import type { SelectionClient } from '#fanout/projection/selection-limit.js';
import type { Sink } from './sink.js';

/** Delivery to one subscription. */
export interface Delivery {
  /** Writes what is available until the sink is full. Safe to call at any time. */
  pump(): void;
  /** Stops delivery. Safe to call twice. */
  end(): void;
}

/** The owner of a delivery. It is notified if the server ends the delivery. */
export interface Owner {
  /** Delivery ended for this reason. Called at most once, and never after `Delivery.end()`. */
  refused(reason: ChatError): void;
}

/**
 * What the resolver of a shared subscription returns: a claim on a room or a topic, from which delivery can
 * start. The holder must release it.
 *
 * graphql-js and Pothos accept only an AsyncIterable from a subscription's resolver, so this is one by type.
 * It cannot be iterated, however: events are executed once for all subscriptions, not by each consumer.
 */
export abstract class SharedSource<Event> implements AsyncIterable<Event> {
  /**
   * Holds the selection with this key until the source is released. Throws RATE_LIMITED if the room or topic does
   * not render it yet, and a limit on distinct selections is reached. Called at most once, before `subscribe`.
   */
  abstract hold(key: string, client: SelectionClient): void;

  /**
   * Starts delivery into a sink. `makeRender` is called for the first subscription with a `key`, and the others
   * with the same key share its rendered events.
   */
  abstract subscribe(key: string, makeRender: () => Render<Event>, sink: Sink, owner: Owner): Delivery;

  /** Gives up the claim. Safe to call twice. */
  abstract release(): void;

  /** Always throws, after releasing the source. */
  [Symbol.asyncIterator](): AsyncIterator<Event> {
    this.release();
    throw new Error('A shared subscription cannot be iterated. Use the `subscribe` of fanout/delivery.');
  }
}
