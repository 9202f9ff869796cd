import type { Cursor } from '#domain/cursor.js';
import { ChatError } from '#domain/errors.js';
import type { EventLog, Page } from '#domain/ports/event-log.js';

/** Whether a read was refused because its cursor cannot be honoured. */
export function isExpired(error: unknown): boolean {
  return error instanceof ChatError && error.code === 'CURSOR_EXPIRED';
}

export interface HistoryReadsOptions {
  roomId: string;
  eventLog: Pick<EventLog, 'page' | 'messages'>;
  /** Entries in one page. */
  pageSize: number;
}

/** Reads of what a room's log no longer holds. A crowd at one place costs one read. */
export class HistoryReads {
  readonly #underWay = new Map<string, Promise<unknown>>();
  #failed = false;

  constructor(private readonly options: HistoryReadsOptions) {}

  /** What comes after a cursor, a page at most. Throws CURSOR_EXPIRED, SERVICE_UNAVAILABLE. */
  after(cursor: Cursor): Promise<Page> {
    const { eventLog, roomId, pageSize } = this.options;
    return this.#share(`after ${cursor}`, () =>
      eventLog.page(roomId, { after: cursor, take: { first: pageSize } }),
    );
  }

  /** The cursor just before the newest `count` messages. Throws SERVICE_UNAVAILABLE. */
  cursorBefore(count: number): Promise<Cursor> {
    const { eventLog, roomId } = this.options;
    return this.#share(`last ${count}`, async () => {
      const { messages, head } = await eventLog.messages(roomId, { take: { last: count } });
      return messages[0]?.prev ?? head;
    });
  }

  /** Whether a read failed since this was last asked. Those who wait for it should try again. */
  takeFailure(): boolean {
    const failed = this.#failed;
    this.#failed = false;
    return failed;
  }

  #share<T>(key: string, read: () => Promise<T>): Promise<T> {
    const underWay = this.#underWay.get(key) as Promise<T> | undefined;
    if (underWay !== undefined) return underWay;
    const reading = read()
      .catch((error: unknown) => {
        this.#failed ||= !isExpired(error);
        throw error;
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, reading);
    return reading;
  }
}
