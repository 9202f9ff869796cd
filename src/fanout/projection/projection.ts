/**
 * One distinct selection on a room's events. Each event is executed and serialized once, and its bytes
 * are cached for all subscriptions with that selection.
 *
 *   change → (next turn of the event loop) → render up to the head → pump all subscribers → repeat if changed
 *
 * Events that arrive during a flush wait for the next one. So batches grow with the load, and a quiet room
 * adds no delay. A large room is flushed in slices, so that the event loop can handle pings and requests in
 * between.
 *
 * When messages are retracted, everything that was made from them is dropped at once, in whatever step it is.
 */
import { type Cursor, compareIds } from '#domain/cursor.js';
import { type Entry, isMessage, isRoomEvent, type RoomEvent } from '#domain/entry.js';
import type { ChatError } from '#domain/errors.js';
import type { HistoryPage } from '#fanout/log/history-page.js';
import type { LogReader } from '#fanout/log/tail.js';
import type { Meter } from '#fanout/meter.js';
import { pumpAll } from '#fanout/slices.js';
import { BatchCache } from './batch-cache.js';
import type { Delivered } from './delivered.js';
import type { FrameBudget } from './frame-cache.js';
import type { Batch, Framing, Render } from './framing.js';
import type { Receiver } from './receiver.js';
import { RenderedEvents } from './rendered-events.js';

/** The events of a page, rendered. */
export interface RenderedPage {
  events: readonly RoomEvent[];
  /** In the order of the events. */
  payloads: readonly Buffer[];
}

/** The size at which a batch is full, in bytes. A stalled connection holds at most one batch in memory. */
const BATCH_BYTES = 64 * 1024;

/** Maximum events of a batch to render concurrently, if rendering is asynchronous. */
const RENDERED_TOGETHER = 64;

/** Settings and dependencies of a projection. */
export interface ProjectionOptions {
  log: LogReader;
  delivers: Delivered;
  /** Maximum rendered events to cache. */
  capacity: number;
  /** The memory budget that all projections of the node share. */
  budget: FrameBudget;
  render: Render<RoomEvent>;
  meter: Meter;
  /** Reads older entries from the store. Throws CURSOR_EXPIRED and SERVICE_UNAVAILABLE. */
  pageAfter(cursor: Cursor): Promise<HistoryPage>;
  /** The last receiver has left. */
  onEmpty(): void;
  /** Called if rendering fails (an error replaces the event) or reading fails (it is tried again). */
  onFault(error: unknown): void;
}

/** Renders events for one distinct selection and delivers them to its receivers. */
export class Projection {
  readonly #receivers = new Set<Receiver>();
  readonly #rendered: RenderedEvents;
  readonly #batches = new BatchCache();
  /** Rendered pages of older history. Receivers that read the same page share it. */
  #pages = new WeakMap<readonly Entry[], Promise<RenderedPage>>();
  /** Entries below this position were rendered and may be delivered. */
  #ready: number;
  #flushing = false;
  /** Whether something changed after the last flush started. */
  #isDue = false;
  #retractions = 0;

  readonly delivers: Delivered;
  readonly meter: Meter;
  readonly log: LogReader;
  readonly pageAfter: ProjectionOptions['pageAfter'];
  readonly onFault: ProjectionOptions['onFault'];

  constructor(private readonly options: ProjectionOptions) {
    const { log, delivers, capacity, budget, render, meter, pageAfter, onFault } = options;
    this.delivers = delivers;
    this.log = log;
    this.meter = meter;
    this.pageAfter = pageAfter;
    this.onFault = onFault;
    this.#rendered = new RenderedEvents({ capacity, budget, render, onFault });
    this.#ready = log.end;
  }

  /** The position up to which entries may be delivered. */
  get ready(): number {
    return this.#ready;
  }

  /** Increases when messages are retracted. What began to be rendered before must not be used then. */
  get retractions(): number {
    return this.#retractions;
  }

  /** How many receivers it has. */
  get size(): number {
    return this.#receivers.size;
  }

  /** How many receivers are waiting. Visits every receiver. */
  get waiting(): number {
    let waiting = 0;
    for (const receiver of this.#receivers) if (receiver.isWaiting) waiting += 1;
    return waiting;
  }

  add(receiver: Receiver): void {
    this.#receivers.add(receiver);
  }

  /** Removes a receiver. If it was the last one, frees the cached frames and calls `onEmpty`. */
  remove(receiver: Receiver): void {
    if (!this.#receivers.delete(receiver) || this.#receivers.size > 0) return;
    this.#rendered.clear();
    this.options.onEmpty();
  }

  /** Drops everything that was rendered from the messages at these positions, and from those before the log. */
  retract(positions: readonly number[]): void {
    this.#retractions += 1;
    this.#rendered.drop(positions, this.log.start);
    this.#batches.clear();
    this.#pages = new WeakMap();
    for (const receiver of this.#receivers) receiver.retracted?.();
  }

  /** Ends delivery to all receivers with an error. */
  refuseAll(reason: ChatError): void {
    for (const receiver of [...this.#receivers]) receiver.refuse(reason);
  }

  /** Delivers new entries in the next turn of the event loop. */
  schedule(): void {
    this.#isDue = true;
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#flush()
        .catch(this.onFault)
        .finally(() => {
          this.#flushing = false;
          // Stop if the last receiver has left.
          if (this.#isDue && this.#receivers.size > 0) this.schedule();
        });
    });
  }

  /**
   * Returns the batch that starts at `from`. It ends at `ready`, or earlier if it is full. Returns a promise
   * if some of it is still being rendered; call again when it has settled. Returns undefined if the log no
   * longer holds these entries.
   *
   * With `backlogEnd`, it ends with the entry of this id at the latest, and contains only messages.
   */
  batch<B>(from: number, framing: Framing<B>, backlogEnd?: Cursor): Batch<B> | Promise<unknown> | undefined {
    const cached = this.#batches.get(from, framing, backlogEnd);
    if (cached !== undefined) return cached;
    const { log } = this;
    const isBacklog = (id: Cursor) => backlogEnd !== undefined && compareIds(id, backlogEnd) <= 0;
    const isInBacklog = isBacklog(log.at(from)?.id ?? '');
    const delivered = isInBacklog ? isMessage : this.#delivered;
    const payloads: (Buffer | Promise<Buffer>)[] = [];
    const ids: Cursor[] = [];
    let bytes = 0;
    let pending = 0;
    let position = from;
    while (position < this.#ready && bytes < BATCH_BYTES && pending < RENDERED_TOGETHER) {
      const entry = log.at(position);
      if (entry === undefined) return undefined;
      if (isInBacklog && !isBacklog(entry.id)) break;
      position += 1;
      if (!delivered(entry)) continue;
      const payload = this.#rendered.at(position - 1, entry);
      if (Buffer.isBuffer(payload)) bytes += payload.length;
      else pending += 1;
      payloads.push(payload);
      ids.push(entry.id);
    }
    const lastId = log.at(position - 1)!.id;
    const { retractions } = this;
    const make = (rendered: Buffer[]): Batch<B> | undefined => {
      if (retractions !== this.retractions) return undefined;
      const size = rendered.reduce((sum, { length }) => sum + length, 0);
      const frames = framing.encode(rendered, ids);
      const batch = { frames, count: rendered.length, end: position, lastId, bytes: size };
      this.#batches.set(from, framing, backlogEnd, batch);
      return batch;
    };
    // Use the awaited payloads. The cache may have evicted them by then.
    return pending > 0 ? Promise.all(payloads).then(make) : make(payloads as Buffer[]);
  }

  /**
   * Renders the events in a page of older history. The same page is rendered once. If `retractions` has changed when
   * it resolves, the result must not be used.
   */
  renderPage(entries: readonly Entry[]): Promise<RenderedPage> {
    let rendered = this.#pages.get(entries);
    if (rendered === undefined) {
      const events = entries.filter(this.#delivered);
      rendered = Promise.all(events.map((event) => this.#rendered.render(event))).then((payloads) => ({
        events,
        payloads,
      }));
      this.#pages.set(entries, rendered);
    }
    return rendered;
  }

  get #delivered(): (entry: Entry) => entry is RoomEvent {
    return this.delivers === 'events' ? isRoomEvent : isMessage;
  }

  async #flush(): Promise<void> {
    // The last receiver has left since the flush was scheduled. Frames cached now would never be freed.
    if (this.#receivers.size === 0) return;
    const end = this.log.end;
    const delivered = this.#delivered;
    const pending: Promise<Buffer>[] = [];
    for (let position = Math.max(this.#ready, this.log.start); position < end; position += 1) {
      const entry = this.log.at(position)!;
      if (!delivered(entry)) continue;
      const payload = this.#rendered.at(position, entry);
      if (!Buffer.isBuffer(payload)) pending.push(payload);
    }
    if (pending.length > 0) await Promise.all(pending);
    const before = this.#ready;
    this.#ready = end;
    this.#batches.clear();
    await pumpAll(this.#receivers);
    let messages = 0;
    for (let position = Math.max(before, this.log.start); position < end; position += 1) {
      const entry = this.log.at(position)!;
      if (!isMessage(entry)) continue;
      this.meter.broadcast(entry);
      messages += 1;
    }
    if (messages > 0) this.meter.flushed(messages);
  }
}
