import { type Deliver, Outbox } from './outbox.js';

/**
 * The outboxes of a page. That of a room in which something is unsent is kept when the room is left, and goes on
 * sending; one without anything unsent is forgotten.
 */
export class Outboxes {
  readonly #unsent = new Map<string, Outbox>();

  constructor(private readonly deliver: Deliver) {}

  /** The outbox of a room: what is unsent in it, or an empty one. */
  of(roomId: string): Outbox {
    const known = this.#unsent.get(roomId);
    if (known !== undefined) return known;
    const outbox = new Outbox(roomId, this.deliver, (isUnsent) => {
      if (isUnsent) this.#unsent.set(roomId, outbox);
      else this.#unsent.delete(roomId);
    });
    return outbox;
  }
}
