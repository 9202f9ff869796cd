import type { ChatError } from '#domain/errors.js';
import type { Message } from '#domain/message.js';
import type { Owner } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import { type StartPosition, Subscriber } from '#fanout/delivery/subscriber.js';
import { RoomLog, type RoomLogOptions } from '#fanout/log/room-log.js';
import type { FrameBudget } from '#fanout/projection/frame-cache.js';
import type { Render } from '#fanout/projection/framing.js';
import { Projection } from '#fanout/projection/projection.js';
import type { Meter, MeterHooks } from './meter.js';

/** What rooms report to whoever runs the server. */
export interface FanoutHooks extends MeterHooks {
  /** A gap in a room's feed was filled with `messages` from the store. */
  onGapFilled(roomId: string, messages: number): void;
  /** Something went wrong and will be tried again; nobody's stream is broken by it. */
  onTrouble(roomId: string, error: unknown): void;
}

/** A room with subscribers on this node: its log, and one projection for each distinct selection. */
export class Room {
  readonly log: RoomLog;
  readonly #projections = new Map<string, Projection>();
  readonly #onTrouble: (error: unknown) => void;
  #refusal: ChatError | undefined;
  /** The messages that the meter knows of; undefined until anybody receives any. */
  #metered: number | undefined;

  constructor(
    readonly id: string,
    private readonly options: RoomLogOptions,
    private readonly meter: Meter,
    private readonly budget: FrameBudget,
    hooks: FanoutHooks,
    onFailed: (room: Room, error: Error) => void,
  ) {
    this.#onTrouble = (error) => hooks.onTrouble(id, error);
    this.log = new RoomLog(id, options, {
      onChange: () => {
        this.#count();
        for (const projection of this.#projections.values()) projection.schedule();
      },
      onFailed: (error) => onFailed(this, error),
      onGapFilled: (messages) => hooks.onGapFilled(id, messages),
      onTrouble: this.#onTrouble,
    });
  }

  /** How many distinct selections are being delivered. */
  get projections(): number {
    return this.#projections.size;
  }

  /** How many of its subscriptions wait for a sink or for older history. */
  get waiting(): number {
    let waiting = 0;
    for (const projection of this.#projections.values()) waiting += projection.waiting;
    return waiting;
  }

  /** How many subscriptions are being delivered to. */
  get subscriptions(): number {
    let subscriptions = 0;
    for (const { size } of this.#projections.values()) subscriptions += size;
    return subscriptions;
  }

  /**
   * Starts a subscriber on the projection of that key; `makeRender` is called where that does not exist yet.
   * `owner` is told once at most, and never after `end()`.
   */
  subscribe(
    key: string,
    makeRender: () => Render<Message>,
    sink: Sink,
    start: StartPosition,
    owner: Owner,
  ): Subscriber {
    this.#metered ??= this.log.end;
    let projection = this.#projections.get(key);
    if (projection === undefined) {
      projection = this.#project(key, makeRender());
      this.#projections.set(key, projection);
    }
    const subscriber = new Subscriber(this.log, projection, sink, start, owner, this.#onTrouble);
    if (this.#refusal !== undefined) subscriber.refuse(this.#refusal);
    return subscriber;
  }

  /** Ends every subscription with a refusal, and refuses every later one. */
  refuseAll(reason: ChatError): void {
    this.#refusal = reason;
    for (const projection of [...this.#projections.values()]) projection.refuseAll(reason);
  }

  #project(key: string, render: Render<Message>): Projection {
    const onEmpty = () => this.#projections.delete(key);
    const { capacity } = this.options;
    return new Projection(this.log, capacity, this.budget, render, this.meter, onEmpty, this.#onTrouble);
  }

  #count(): void {
    if (this.#metered === undefined) return;
    this.meter.received(Math.max(0, this.log.end - this.#metered));
    this.#metered = this.log.end;
  }
}
