import { type Message, millisecondsOf } from '#domain/message.js';

/** What a node delivered in its last full second. */
export interface DeliveryRates {
  /** Messages written to viewers: one message to a thousand of them counts a thousand. */
  deliveriesPerSecond: number;
  /** Messages that came into the rooms that are followed here. */
  messagesPerSecond: number;
  /**
   * From the time in a message's id, by Redis' clock, to when it was written to the last of its viewers;
   * milliseconds. Null in a second without messages.
   */
  delayMs: { median: number; p99: number } | null;
}

/** Told of each flush, not of each viewer. None of these may throw. */
export interface MeterHooks {
  /** A message was written to the last of its viewers, so long after it was stored. */
  onDelivered?(delayMs: number): void;
  onFlushed?(messages: number): void;
}

/** Delays remembered of one second; with more messages than these, the first of them count. */
const SAMPLES = 2_000;

/** Counts what is delivered, second by second. */
export class Meter {
  /** Since the node started: for metrics. */
  readonly total = { deliveries: 0, bytes: 0, messages: 0 };
  #second = 0;
  #deliveries = 0;
  #messages = 0;
  #delays: number[] = [];
  #rates: DeliveryRates = NOTHING;

  constructor(private readonly hooks: MeterHooks = {}) {}

  /** So many messages were written to one viewer, and so many bytes of them. */
  delivered(messages: number, bytes: number): void {
    this.total.deliveries += messages;
    this.total.bytes += bytes;
    this.#deliveries += messages;
  }

  /** So many messages came into a room. */
  received(messages: number): void {
    this.#turnTo(Date.now());
    this.total.messages += messages;
    this.#messages += messages;
  }

  /** A message was written to all of its viewers that could take it. */
  broadcast({ id }: Message): void {
    const now = Date.now();
    this.#turnTo(now);
    const delayMs = Math.max(0, now - millisecondsOf(id));
    if (this.#delays.length < SAMPLES) this.#delays.push(delayMs);
    this.hooks.onDelivered?.(delayMs);
  }

  /** A projection's flush is over: so many messages went to all of its viewers together. */
  flushed(messages: number): void {
    this.hooks.onFlushed?.(messages);
  }

  /** The rates of the last full second. */
  get rates(): DeliveryRates {
    this.#turnTo(Date.now());
    return this.#rates;
  }

  /** Closes the second that was counted, where it is over. */
  #turnTo(now: number): void {
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
