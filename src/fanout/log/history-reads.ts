import { ChatError } from '#domain/errors.js';
import type { MessageId } from '#domain/message.js';
import type { Page } from '#domain/ports/event-log.js';

/** Whether a read was refused because its cursor cannot be honoured. */
export function isExpired(error: unknown): boolean {
  return error instanceof ChatError && error.code === 'CURSOR_EXPIRED';
}

/** Reads of what a room's log no longer holds: a crowd at one place costs one read. */
export class HistoryReads {
  readonly #underWay = new Map<MessageId, Promise<Page>>();
  #failed = false;

  constructor(private readonly read: (cursor: MessageId) => Promise<Page>) {}

  /** What comes after a cursor, a page at most. Throws CURSOR_EXPIRED, SERVICE_UNAVAILABLE. */
  after(cursor: MessageId): Promise<Page> {
    const underWay = this.#underWay.get(cursor);
    if (underWay !== undefined) return underWay;
    const page = this.read(cursor)
      .catch((error: unknown) => {
        this.#failed ||= !isExpired(error);
        throw error;
      })
      .finally(() => this.#underWay.delete(cursor));
    this.#underWay.set(cursor, page);
    return page;
  }

  /** Whether a read failed since this was last asked: who waits for it is to be told to try again. */
  takeFailure(): boolean {
    const failed = this.#failed;
    this.#failed = false;
    return failed;
  }
}
