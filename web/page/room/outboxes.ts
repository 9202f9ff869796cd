import { type Deliver, Outbox } from './outbox.js';

/**
 * The outboxes of a page, one for each room. An outbox with unsent messages is kept when its room is left,
 * and goes on sending. An empty one is dropped.
 */
export class Outboxes {
  readonly #unsent = new Map<string, Outbox>();

  constructor(private readonly deliver: Deliver) {}

  /** The outbox of a room, with the messages that are still unsent there. */
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
