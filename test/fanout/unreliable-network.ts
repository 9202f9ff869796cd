import type { Entry } from '#domain/entry.js';
import { serviceUnavailable } from '#domain/errors.js';
import type { MessagePage, Page, Window } from '#domain/ports/event-log.js';
import type { Closeable, Feed, FeedListener } from '#domain/ports/feed.js';
import type { MemoryStore } from '#test/support/memory-store.js';

/** A read that was not answered yet. */
interface Read {
  /** The page as it was when the read was made. */
  stale: Promise<Page>;
  /** The page as it is now. */
  fresh(): Promise<Page>;
  resolve(page: Promise<Page>): void;
  reject(error: Error): void;
}

/**
 * The network between a log and its store, controlled by the test. Published entries wait until the test
 * delivers them: in any order, twice or never. Reads wait until the test answers them or lets them fail.
 */
export class UnreliableNetwork implements Feed {
  readonly published: Entry[] = [];
  readonly reads: Read[] = [];
  listener: FeedListener | undefined;

  constructor(private readonly store: MemoryStore) {}

  async open(roomId: string, listener: FeedListener): Promise<Closeable> {
    this.listener = listener;
    const handle = await this.store.open(roomId, {
      onEntry: (entry) => void this.published.push(entry),
      onResumed: () => undefined,
      onFailed: () => undefined,
    });
    return {
      close: async () => {
        this.listener = undefined;
        await handle.close();
      },
    };
  }

  page(roomId: string, window: Window): Promise<Page> {
    return new Promise((resolve, reject) => {
      const stale = this.store.page(roomId, window);
      // It may never be used, so a rejection is not unhandled.
      stale.catch(() => undefined);
      this.reads.push({ stale, fresh: () => this.store.page(roomId, window), resolve, reject });
    });
  }

  /** Reads directly from the store. The test does not control these reads. */
  messages(roomId: string, window: Window): Promise<MessagePage> {
    return this.store.messages(roomId, window);
  }

  /** Delivers a published entry. With `keep`, it can be delivered again. */
  deliver(index: number, keep = false): void {
    const entry = this.published[index];
    if (entry === undefined) return;
    if (!keep) this.published.splice(index, 1);
    this.listener?.onEntry(entry);
  }

  /** Answers the oldest read with the store's data from when the read was made, or with its current data. */
  answer(snapshot: 'stale' | 'fresh'): void {
    const read = this.reads.shift();
    if (read === undefined) return;
    read.resolve(snapshot === 'stale' ? read.stale : read.fresh());
  }

  /** Lets the oldest read fail. */
  fail(): void {
    this.reads.shift()?.reject(serviceUnavailable('The store is down.'));
  }
}
