import { ChatError, cursorExpired } from '#domain/errors.js';
import type { MessageId } from '#domain/message.js';
import type { RoomLog } from '#fanout/log/room-log.js';
import type { Projection, Receiver } from '#fanout/projection/projection.js';
import type { Delivery, Owner } from './shared-source.js';
import type { Sink } from './sink.js';

/** Where in its room a subscriber stands: the last message it has, and the log's position after it. */
export interface Place {
  cursor: MessageId;
  /** Undefined where the log does not hold that place: then the store is read. */
  position: number | undefined;
}

/**
 * A viewer of a room: a cursor, a projection and a sink, and no queue. What it has not received yet is in
 * the log or in the store; a sink that is full is left alone until it has drained.
 */
export class Subscriber implements Receiver, Delivery {
  #cursor: MessageId;
  #position: number | undefined;
  #waiting = false;
  #ended = false;

  constructor(
    private readonly log: RoomLog,
    private readonly projection: Projection,
    private readonly sink: Sink,
    place: Place,
    private readonly owner: Owner,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.#cursor = place.cursor;
    this.#position = place.position;
    projection.add(this);
  }

  /** Writes all from the cursor to the head, as far as the sink takes it. Safe to call at any time. */
  pump(): void {
    while (!this.#ended && !this.#waiting && this.#step());
  }

  get isWaiting(): boolean {
    return this.#waiting;
  }

  /** Takes no more from the projection. May be called twice. */
  end(): void {
    this.#ended = true;
    this.projection.remove(this);
  }

  refuse(reason: ChatError): void {
    if (this.#ended) return;
    this.end();
    this.owner.refused(reason);
  }

  /** Writes one batch. Returns whether there may be another to write now. */
  #step(): boolean {
    if (this.sink.full) return this.#waitForDrain();
    if (this.#position !== undefined && this.#position < this.log.floor) {
      this.refuse(cursorExpired(this.#cursor));
      return false;
    }
    if (this.#position === undefined || this.#position < this.log.start) {
      this.#position = this.log.locate(this.#cursor);
      if (this.#position === undefined) return this.#readBehind();
    }
    if (this.#position >= this.projection.ready) return false;
    const batch = this.projection.batch(this.#position, this.sink.framing);
    if (batch === undefined) return true;
    if (batch instanceof Promise) return this.#waitFor(batch);
    this.projection.meter.delivered(batch.end - this.#position, batch.bytes);
    this.#position = batch.end;
    this.#cursor = batch.lastId;
    this.sink.write(batch.frames);
    return true;
  }

  #waitForDrain(): false {
    this.#waiting = true;
    this.sink.whenDrained(() => this.#goOn());
    return false;
  }

  #waitFor(rendering: Promise<unknown>): false {
    this.#waiting = true;
    rendering.catch(this.onTrouble).finally(() => this.#goOn());
    return false;
  }

  /** Delivers a page of what the log no longer holds, from the store. */
  #readBehind(): false {
    this.#waiting = true;
    this.#deliverPage().then(
      (delivered) => {
        this.#waiting = false;
        // Where the store had no more, the log may have been told of more meanwhile.
        if (delivered || this.log.locate(this.#cursor) !== undefined) this.pump();
      },
      (error: unknown) => {
        this.#waiting = false;
        // Out of reach is not expired: the next change of the log pumps again, or the next check.
        if (error instanceof ChatError && error.code === 'CURSOR_EXPIRED') this.refuse(error);
        else this.onTrouble(error);
      },
    );
    return false;
  }

  #goOn(): void {
    this.#waiting = false;
    this.pump();
  }

  async #deliverPage(): Promise<boolean> {
    const page = await this.log.pageAfter(this.#cursor);
    const payloads = await this.projection.renderPage(page.messages);
    const last = page.messages.at(-1);
    if (this.#ended || last === undefined) return false;
    this.#cursor = last.id;
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    this.projection.meter.delivered(payloads.length, bytes);
    const ids = page.messages.map(({ id }) => id);
    this.sink.write(this.sink.framing.encode(payloads, ids));
    return true;
  }
}
