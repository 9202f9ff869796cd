import { millisecondsOf } from '#domain/cursor.js';
import type { Message } from '#domain/message.js';

/** What a node delivered in the last full second. */
export interface DeliveryRates {
  /** Messages written to subscriptions. A message to a thousand subscriptions counts a thousand times. */
  deliveriesPerSecond: number;
  /** Messages that arrived in rooms with subscriptions on this node. */
  messagesPerSecond: number;
  /**
   * Milliseconds from when a message was stored (by Redis' clock) until it was written to its last
   * subscription (by this node's clock). Null if no messages were delivered.
   */
  delayMs: { median: number; p99: number } | null;
}

/** Hooks for metrics. They are called for each flush rather than for each subscription. No hook may throw. */
export interface MeterHooks {
  /** A message was written to its last subscription, this long after it was stored. */
  onDelivered?(delayMs: number): void;
  /** A flush of a projection has delivered this many messages. */
  onFlushed?(messages: number): void;
}

/** Delays to keep per second. If there are more messages, only the first ones count. */
const MAX_SAMPLES = 2_000;

/** Counts deliveries, in total and per second. */
export class Meter {
  /** Counts since the node started. */
  readonly total = { deliveries: 0, bytes: 0, messages: 0 };
  #second = 0;
  #deliveries = 0;
  #messages = 0;
  #delays: number[] = [];
  #rates: DeliveryRates = NOTHING;

  constructor(private readonly hooks: MeterHooks = {}) {}

  /** Counts messages that were written to one subscription, and the bytes of their payloads. */
  delivered(messages: number, bytes: number): void {
    this.total.deliveries += messages;
    this.total.bytes += bytes;
    this.#deliveries += messages;
  }

  /** Counts messages that arrived in a room. */
  received(messages: number): void {
    this.#advanceTo(Date.now());
    this.total.messages += messages;
    this.#messages += messages;
  }

  /** Records the delay of a message that was written to all subscriptions that could accept it. */
  broadcast({ id }: Message): void {
    const now = Date.now();
    this.#advanceTo(now);
    const delayMs = Math.max(0, now - millisecondsOf(id));
    if (this.#delays.length < MAX_SAMPLES) this.#delays.push(delayMs);
    this.hooks.onDelivered?.(delayMs);
  }

  /** Reports a finished flush of a projection, and its number of messages. */
  flushed(messages: number): void {
    this.hooks.onFlushed?.(messages);
  }

  /** The rates of the last full second. */
  get rates(): DeliveryRates {
    this.#advanceTo(Date.now());
    return this.#rates;
  }

  /** Computes the rates once the counted second is over. */
  #advanceTo(now: number): void {
    const second = Math.floor(now / 1_000);
    if (second === this.#second) return;
    const delays = this.#delays.sort((a, b) => a - b);
    this.#rates =
      second === this.#second + 1
        ? {
            deliveriesPerSecond: this.#deliveries,
            messagesPerSecond: this.#messages,
            delayMs:
              delays.length === 0 ? null : { median: quantile(delays, 0.5), p99: quantile(delays, 0.99) },
          }
        : NOTHING;
    this.#second = second;
    this.#deliveries = this.#messages = 0;
    this.#delays = [];
  }
}

const NOTHING: DeliveryRates = { deliveriesPerSecond: 0, messagesPerSecond: 0, delayMs: null };

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
