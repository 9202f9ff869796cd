import type { Cursor } from '#domain/cursor.js';
import type { RoomEvent } from '#domain/entry.js';
import type { ChatError } from '#domain/errors.js';
import type { Owner } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import { type StartPosition, Subscriber } from '#fanout/delivery/subscriber.js';
import { RoomLog } from '#fanout/log/room-log.js';
import type { RoomLogOptions } from '#fanout/log/room-log-options.js';
import type { Delivered } from '#fanout/projection/delivered.js';
import type { FrameBudget } from '#fanout/projection/frame-cache.js';
import type { Render } from '#fanout/projection/framing.js';
import { Projection } from '#fanout/projection/projection.js';
import { HeldSelections, type SelectionLimit } from '#fanout/projection/selection-limit.js';
import type { Meter, MeterHooks } from './meter.js';
import { byPopularity } from './slices.js';

/** Hooks for logs and metrics. */
export interface FanoutHooks extends MeterHooks {
  /** A gap in a room's feed was filled with `messages` from the store. */
  onGapFilled(roomId: string, messages: number): void;
  /** Something failed and will be tried again. Subscriptions continue. */
  onTrouble(roomId: string, error: unknown): void;
}

/** Settings and dependencies of a room. */
export interface RoomOptions {
  id: string;
  log: RoomLogOptions;
  meter: Meter;
  /** The memory budget for rendered messages that all rooms of the node share. */
  budget: FrameBudget;
  /** Limits the distinct selections of all rooms and topics. */
  selectionLimit: SelectionLimit;
  hooks: FanoutHooks;
  /** Messages of the room were retracted. */
  onRetracted(room: Room): void;
  /** The feed failed permanently. */
  onFailed(room: Room, error: Error): void;
}

/** A room with subscriptions on this node: its log, and one projection for each distinct selection. */
export class Room {
  readonly id: string;
  readonly log: RoomLog;
  readonly selections: HeldSelections;
  readonly #projections = new Map<string, Projection>();
  readonly #onTrouble: (error: unknown) => void;
  readonly #pageAfter = (cursor: Cursor) => this.log.pageAfter(cursor);
  #refusal: ChatError | undefined;
  /** How many messages were reported to the meter. Undefined until the first subscription. */
  #metered: number | undefined;

  constructor(private readonly options: RoomOptions) {
    const { id, log, hooks } = options;
    this.id = id;
    this.selections = new HeldSelections(options.selectionLimit);
    this.#onTrouble = (error) => hooks.onTrouble(id, error);
    this.log = new RoomLog(id, log, {
      onChange: () => {
        this.#count();
        for (const projection of byPopularity(this.#projections)) projection.schedule();
      },
      onRetracted: (positions) => {
        for (const projection of this.#projections.values()) projection.retract(positions);
        options.onRetracted(this);
      },
      onFailed: (error) => options.onFailed(this, error),
      onGapFilled: (messages) => hooks.onGapFilled(id, messages),
      onTrouble: this.#onTrouble,
    });
  }

  /** How many distinct selections have subscriptions. */
  get projections(): number {
    return this.#projections.size;
  }

  /** How many subscriptions are waiting for a full sink or for the store. */
  get waiting(): number {
    let waiting = 0;
    for (const projection of this.#projections.values()) waiting += projection.waiting;
    return waiting;
  }

  /** How many subscriptions the room has. */
  get subscriptions(): number {
    let subscriptions = 0;
    for (const { size } of this.#projections.values()) subscriptions += size;
    return subscriptions;
  }

  /**
   * Starts delivery from a position into a sink. Subscriptions with the same key share a projection, and
   * `makeRender` is called only to create it. If delivery is refused, `owner` is notified at most once, and
   * never after `end()`. The same key always delivers the same.
   */
  subscribe(
    delivers: Delivered,
    key: string,
    makeRender: () => Render<RoomEvent>,
    sink: Sink,
    start: StartPosition,
    owner: Owner,
  ): Subscriber {
    this.#metered ??= this.log.reader.messages;
    let projection = this.#projections.get(key);
    if (projection === undefined) {
      projection = this.#project(delivers, key, makeRender());
      this.#projections.set(key, projection);
    }
    const subscriber = new Subscriber(projection, sink, start, owner);
    if (this.#refusal !== undefined) subscriber.refuse(this.#refusal);
    return subscriber;
  }

  /** Ends all subscriptions with an error, and refuses new ones. */
  refuseAll(reason: ChatError): void {
    this.#refusal = reason;
    for (const projection of [...this.#projections.values()]) projection.refuseAll(reason);
  }

  #project(delivers: Delivered, key: string, render: Render<RoomEvent>): Projection {
    const { log, budget, meter } = this.options;
    return new Projection({
      log: this.log.reader,
      delivers,
      capacity: log.capacity,
      budget,
      render,
      meter,
      onEmpty: () => this.#projections.delete(key),
      pageAfter: this.#pageAfter,
      onFault: this.#onTrouble,
    });
  }

  #count(): void {
    if (this.#metered === undefined) return;
    const { messages } = this.log.reader;
    this.options.meter.received(messages - this.#metered);
    this.#metered = messages;
  }
}
