/**
 * One distinct selection on a room's messages: a message is executed once, serialised once, and its bytes
 * are kept beside the log, for all who select the same.
 *
 *   change → (next turn of the event loop) → render up to the head → pump every subscriber → again, if more came
 *
 * What arrives while a flush is under way waits for the next one: batches grow with load, and an idle room
 * adds no delay. A large room is flushed in slices, so that pings and requests get their turn in between.
 */
import type { Cursor } from '#domain/cursor.js';
import { type Entry, isMessage } from '#domain/entry.js';
import type { ChatError } from '#domain/errors.js';
import type { Message } from '#domain/message.js';
import type { LogReader } from '#fanout/log/tail.js';
import type { Meter } from '#fanout/meter.js';
import { pumpAll } from '#fanout/slices.js';
import { BatchCache } from './batch-cache.js';
import { type FrameBudget, FrameCache } from './frame-cache.js';
import type { Batch, Framing, Render } from './framing.js';

/** Who receives from a projection. */
export interface Receiver {
  /** There may be more to deliver. */
  pump(): void;
  /** Whether it waits: for a sink that is full, or for older history. */
  readonly isWaiting?: boolean;
  /** It is over, for this reason. */
  refuse(reason: ChatError): void;
}

/** What a message is delivered as whose rendering threw after all: it must not stop those behind it. */
const FAILED = Buffer.from(
  JSON.stringify({
    errors: [
      { message: 'Something went wrong on the server.', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ],
  }),
);

/** Bytes in one batch: a subscriber that stalls holds no more than one of these. */
const BATCH_BYTES = 64 * 1024;

/** Messages in one batch that are rendered at the same time, where that takes time. */
const RENDERED_TOGETHER = 64;

/** What a projection is made of. */
export interface ProjectionOptions {
  log: LogReader;
  /** Rendered messages that are kept at most. */
  capacity: number;
  /** The bytes that all projections of the node keep together. */
  budget: FrameBudget;
  render: Render<Message>;
  meter: Meter;
  /** The last receiver has left. */
  onEmpty(): void;
  /** Rendering failed; the message is delivered as an error. */
  onFault(error: unknown): void;
}

export class Projection {
  readonly #receivers = new Set<Receiver>();
  readonly #frames: FrameCache;
  readonly #batches = new BatchCache();
  /** Pages of older history, rendered once for all who read them. */
  readonly #pages = new WeakMap<readonly Entry[], Promise<Buffer[]>>();
  /** Everything below this position is rendered, as far as it is still held. */
  #ready: number;
  #flushing = false;
  /** Something changed since the last flush began. */
  #isDue = false;

  readonly meter: Meter;
  private readonly log: LogReader;

  constructor(private readonly options: ProjectionOptions) {
    const { log, capacity, budget, meter } = options;
    this.log = log;
    this.meter = meter;
    this.#frames = new FrameCache(capacity, budget);
    this.#ready = log.end;
  }

  get ready(): number {
    return this.#ready;
  }

  /** How many receive from it. */
  get size(): number {
    return this.#receivers.size;
  }

  /** How many of them wait: a look at each. */
  get waiting(): number {
    let waiting = 0;
    for (const receiver of this.#receivers) if (receiver.isWaiting) waiting += 1;
    return waiting;
  }

  add(receiver: Receiver): void {
    this.#receivers.add(receiver);
  }

  /** The last one to leave ends the projection. */
  remove(receiver: Receiver): void {
    if (!this.#receivers.delete(receiver) || this.#receivers.size > 0) return;
    this.#frames.clear();
    this.options.onEmpty();
  }

  /** Ends every receiver with a refusal. */
  refuseAll(reason: ChatError): void {
    for (const receiver of [...this.#receivers]) receiver.refuse(reason);
  }

  /** Delivers whatever is new, in the next turn of the event loop. */
  schedule(): void {
    this.#isDue = true;
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#flush()
        .catch(this.options.onFault)
        .finally(() => {
          this.#flushing = false;
          // One that nobody receives from any more has ended, however busy the room is.
          if (this.#isDue && this.#receivers.size > 0) this.schedule();
        });
    });
  }

  /**
   * A batch that begins at `from`: up to `ready`, or fewer where that would pass the size of a batch. A
   * promise where something is still being rendered. Undefined where the log no longer holds `from`.
   */
  batch<B>(from: number, framing: Framing<B>): Batch<B> | Promise<unknown> | undefined {
    const cached = this.#batches.get(from, framing);
    if (cached !== undefined) return cached;
    const payloads: (Buffer | Promise<Buffer>)[] = [];
    const ids: Cursor[] = [];
    let bytes = 0;
    let pending = 0;
    let position = from;
    while (position < this.#ready && bytes < BATCH_BYTES && pending < RENDERED_TOGETHER) {
      const entry = this.log.at(position);
      if (entry === undefined) return undefined;
      position += 1;
      if (!isMessage(entry)) continue;
      const payload = this.#payload(position - 1, entry);
      if (Buffer.isBuffer(payload)) bytes += payload.length;
      else pending += 1;
      payloads.push(payload);
      ids.push(entry.id);
    }
    const lastId = this.log.at(position - 1)!.id;
    const make = (rendered: Buffer[]): Batch<B> => {
      const size = rendered.reduce((sum, { length }) => sum + length, 0);
      const frames = framing.encode(rendered, ids);
      const batch = { frames, count: rendered.length, end: position, lastId, bytes: size };
      this.#batches.set(from, framing, batch);
      return batch;
    };
    // Made of what was waited for: what is held of it may have been given up by then.
    return pending > 0 ? Promise.all(payloads).then(make) : make(payloads as Buffer[]);
  }

  /** The payloads of the messages in a page of older history. The same page gives the same promise. */
  renderPage(entries: readonly Entry[]): Promise<Buffer[]> {
    let payloads = this.#pages.get(entries);
    if (payloads === undefined) {
      payloads = Promise.all(entries.filter(isMessage).map((message) => this.#render(message)));
      this.#pages.set(entries, payloads);
    }
    return payloads;
  }

  async #flush(): Promise<void> {
    // The last one left since this was scheduled: what is rendered now nobody would give up again.
    if (this.#receivers.size === 0) return;
    const end = this.log.end;
    const pending: Promise<Buffer>[] = [];
    for (let position = Math.max(this.#ready, this.log.start); position < end; position += 1) {
      const entry = this.log.at(position)!;
      if (!isMessage(entry)) continue;
      const payload = this.#payload(position, entry);
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

  #payload(position: number, message: Message): Buffer | Promise<Buffer> {
    const kept = this.#frames.get(position);
    if (kept !== undefined) return kept;
    const payload = this.#render(message);
    this.#frames.set(position, payload);
    if (!Buffer.isBuffer(payload)) {
      payload.then((bytes) => {
        // Unless it was given up meanwhile, or all of them were.
        if (this.#frames.get(position) === payload) this.#frames.set(position, bytes);
      }, this.options.onFault);
    }
    return payload;
  }

  #render(message: Message): Buffer | Promise<Buffer> {
    const failed = (error: unknown) => {
      this.options.onFault(error);
      return FAILED;
    };
    try {
      const payload = this.options.render(message);
      return Buffer.isBuffer(payload) ? payload : payload.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }
}
