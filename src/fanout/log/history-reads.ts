import type { Cursor } from '#domain/cursor.js';
import type { Retraction } from '#domain/entry.js';
import { ChatError } from '#domain/errors.js';
import type { EventLog } from '#domain/ports/event-log.js';
import { HistoryPage } from './history-page.js';
import { type Retractions, retractionsIn } from './retractions.js';

/** Whether a read failed because entries after its cursor are gone. */
export function isExpired(error: unknown): boolean {
  return error instanceof ChatError && error.code === 'CURSOR_EXPIRED';
}

/** Dependencies of `HistoryReads`. */
export interface HistoryReadsOptions {
  roomId: string;
  eventLog: Pick<EventLog, 'page' | 'messages'>;
  /** Entries in one page. */
  pageSize: number;
  retractions: Retractions;
  /** A page contained these retractions. */
  onRetractions(retractions: readonly Retraction[]): void;
}

/**
 * Reads entries that a room's log no longer holds. Concurrent reads of the same entries share one request.
 */
export class HistoryReads {
  readonly #pending = new Map<string, Promise<unknown>>();
  #failed = false;

  constructor(private readonly options: HistoryReadsOptions) {}

  /** The entries after a cursor, at most one page. Throws CURSOR_EXPIRED and SERVICE_UNAVAILABLE. */
  after(cursor: Cursor): Promise<HistoryPage> {
    const { eventLog, roomId, pageSize, retractions, onRetractions } = this.options;
    return this.#share(`after ${cursor}`, async () => {
      const mark = retractions.mark();
      const page = await eventLog.page(roomId, { after: cursor, take: { first: pageSize } });
      onRetractions(retractionsIn(page.entries));
      return new HistoryPage(page, retractions, mark);
    });
  }

  /** The cursor just before the newest `count` messages. Throws SERVICE_UNAVAILABLE. */
  cursorBefore(count: number): Promise<Cursor> {
    const { eventLog, roomId } = this.options;
    return this.#share(`last ${count}`, async () => {
      const { messages, head } = await eventLog.messages(roomId, { take: { last: count } });
      return messages[0]?.prev ?? head;
    });
  }

  /** Whether a read has failed since the last call. If so, subscriptions may be waiting to try again. */
  takeFailure(): boolean {
    const failed = this.#failed;
    this.#failed = false;
    return failed;
  }

  #share<T>(key: string, read: () => Promise<T>): Promise<T> {
    const pending = this.#pending.get(key) as Promise<T> | undefined;
    if (pending !== undefined) return pending;
    const reading = read()
      .catch((error: unknown) => {
        this.#failed ||= !isExpired(error);
        throw error;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, reading);
    return reading;
  }
}
