import { type Cursor, compareIds } from '#domain/cursor.js';
import { isMessage, type RoomEvent } from '#domain/entry.js';
import { ChatError, cursorExpired } from '#domain/errors.js';
import type { Projection, RenderedPage } from '#fanout/projection/projection.js';
import type { Receiver } from '#fanout/projection/receiver.js';
import type { Delivery, Owner } from './shared-source.js';
import type { Sink } from './sink.js';

/** Where a subscription starts in its room. */
export interface StartPosition {
  /** The id of the last entry before it. */
  cursor: Cursor;
  /** The log position after the cursor. Undefined if the log is too short, so that the store must be read. */
  position: number | undefined;
  /**
   * If it starts with the newest messages, the head of the log when it joined. Up to there, only messages are
   * delivered, since the client has not seen what other events are about.
   */
  backlogEnd?: Cursor | undefined;
}

/**
 * Delivers a room's events to one subscription: a cursor, a projection and a sink, but no queue. Whatever
 * the subscription has not received yet is still in the log or in the store, so a slow client costs no
 * memory. Nothing is written to a full sink until it has drained.
 */
export class Subscriber implements Receiver, Delivery {
  #cursor: Cursor;
  #position: number | undefined;
  /** The end of the backlog, if it differs from what comes after it. */
  readonly #joinedAt: Cursor | undefined;
  /** The same, until the backlog has been delivered. */
  #backlogEnd: Cursor | undefined;
  #waiting = false;
  #ended = false;

  constructor(
    private readonly projection: Projection,
    private readonly sink: Sink,
    start: StartPosition,
    private readonly owner: Owner,
  ) {
    this.#joinedAt = projection.delivers === 'events' ? start.backlogEnd : undefined;
    this.#cursor = start.cursor;
    this.#moveTo(start.cursor, start.position);
    projection.add(this);
  }

  /** Writes everything after the cursor until the sink is full. Safe to call at any time. */
  pump(): void {
    while (!this.#ended && !this.#waiting && this.#step());
  }

  /** Whether it is waiting for a full sink, for rendering or for the store. */
  get isWaiting(): boolean {
    return this.#waiting;
  }

  /** Stops delivery. Safe to call twice. */
  end(): void {
    this.#ended = true;
    this.projection.remove(this);
  }

  /** Delivers again what the sink has not passed on, without the retracted messages. */
  retracted(): void {
    const cursor = this.sink.takeBack?.();
    if (this.#ended || cursor === undefined) return;
    this.#moveTo(cursor, this.projection.log.locate(cursor));
    this.pump();
  }

  refuse(reason: ChatError): void {
    if (this.#ended) return;
    this.end();
    this.owner.refused(reason);
  }

  /** Writes one batch. Returns whether another one may be ready. */
  #step(): boolean {
    const { projection } = this;
    const { log } = projection;
    if (this.sink.full) return this.#waitForDrain();
    if (this.#position !== undefined && this.#position < log.floor) {
      this.refuse(cursorExpired(this.#cursor));
      return false;
    }
    if (this.#position === undefined || this.#position < log.start) {
      this.#position = log.locate(this.#cursor);
      if (this.#position === undefined) return this.#readBehind();
    }
    if (this.#position >= projection.ready) return false;
    const backlogEnd = this.#backlogEnd;
    const batch = projection.batch(this.#position, this.sink.framing, backlogEnd);
    if (batch === undefined) return true;
    if (batch instanceof Promise) return this.#waitFor(batch);
    this.#position = batch.end;
    this.#cursor = batch.lastId;
    if (backlogEnd !== undefined) this.#moveTo(batch.lastId, batch.end);
    if (batch.count === 0) return true;
    projection.meter.delivered(batch.count, batch.bytes);
    this.sink.write(batch.frames);
    return true;
  }

  #waitForDrain(): false {
    this.#waiting = true;
    this.sink.whenDrained(() => this.#resume());
    return false;
  }

  #waitFor(rendering: Promise<unknown>): false {
    this.#waiting = true;
    rendering.catch(this.projection.onFault).finally(() => this.#resume());
    return false;
  }

  /** Delivers a page from the store, because the log no longer holds the entries after the cursor. */
  #readBehind(): false {
    this.#waiting = true;
    this.#deliverPage().then(
      (moved) => {
        this.#waiting = false;
        // Even if the page was empty, the log may have received more entries in the meantime.
        if (moved || this.projection.log.locate(this.#cursor) !== undefined) this.pump();
      },
      (error: unknown) => {
        this.#waiting = false;
        // If the store is unavailable, keep the subscription. The next change or head check pumps it again.
        if (error instanceof ChatError && error.code === 'CURSOR_EXPIRED') this.refuse(error);
        else this.projection.onFault(error);
      },
    );
    return false;
  }

  #resume(): void {
    this.#waiting = false;
    this.pump();
  }

  /** Reads and writes one page. Returns whether the cursor has moved. */
  async #deliverPage(): Promise<boolean> {
    const { projection } = this;
    const page = await projection.pageAfter(this.#cursor);
    let rendered: RenderedPage;
    let retractions: number;
    do {
      retractions = projection.retractions;
      rendered = await projection.renderPage(page.entries);
    } while (retractions !== projection.retractions);
    // If the page is empty, the store no longer keeps the entries up to its head. Skip them.
    const end = page.entries.at(-1)?.id ?? page.head;
    if (this.#ended || compareIds(end, this.#cursor) <= 0) return false;
    const { payloads, ids } = this.#wanted(rendered);
    this.#moveTo(end, this.#position);
    if (payloads.length === 0) return true;
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    projection.meter.delivered(payloads.length, bytes);
    this.sink.write(this.sink.framing.encode(payloads, ids));
    return true;
  }

  /** The events of a page that this subscription gets: in its backlog, only messages. */
  #wanted({ events, payloads }: RenderedPage): { payloads: readonly Buffer[]; ids: Cursor[] } {
    const backlogEnd = this.#backlogEnd;
    const isWanted = (event: RoomEvent) =>
      backlogEnd === undefined || isMessage(event) || compareIds(event.id, backlogEnd) > 0;
    return {
      payloads: backlogEnd === undefined ? payloads : payloads.filter((_, index) => isWanted(events[index]!)),
      ids: events.filter(isWanted).map(({ id }) => id),
    };
  }

  #moveTo(cursor: Cursor, position: number | undefined): void {
    this.#cursor = cursor;
    this.#position = position;
    const joinedAt = this.#joinedAt;
    this.#backlogEnd = joinedAt !== undefined && compareIds(cursor, joinedAt) < 0 ? joinedAt : undefined;
  }
}
