import type { Entry } from '#domain/entry.js';
import { serviceUnavailable } from '#domain/errors.js';
import type { MessagePage, Page, Window } from '#domain/ports/event-log.js';
import type { Closeable, Feed, FeedListener } from '#domain/ports/feed.js';
import type { MemoryStore } from '#test/support/memory-store.js';

/** A read that has been asked and not answered. */
interface Read {
  /** What the store held when it was asked, and what it holds when it is answered. */
  asked: Promise<Page>;
  now(): Promise<Page>;
  resolve(page: Promise<Page>): void;
  reject(error: Error): void;
}

/**
 * What lies between a log and its store, where all that a network does can be done to it: what is published
 * waits until it is told, in any order, twice or never; reads wait until they are answered, or fail.
 */
export class UnreliableStore implements Feed {
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
      const asked = this.store.page(roomId, window);
      // Whether anyone will be given this one is not known yet.
      asked.catch(() => undefined);
      this.reads.push({ asked, now: () => this.store.page(roomId, window), resolve, reject });
    });
  }

  /** Reads as they are: nothing is done to these. */
  messages(roomId: string, window: Window): Promise<MessagePage> {
    return this.store.messages(roomId, window);
  }

  /** Tells one of the entries that wait; `keep` leaves it there, to be told again. */
  tell(index: number, keep = false): void {
    const entry = this.published[index];
    if (entry === undefined) return;
    if (!keep) this.published.splice(index, 1);
    this.listener?.onEntry(entry);
  }

  /** Answers the oldest read, with what the store held when it was asked or with what it holds now. */
  answer(snapshot: 'asked' | 'now'): void {
    const read = this.reads.shift();
    if (read === undefined) return;
    read.resolve(snapshot === 'asked' ? read.asked : read.now());
  }

  fail(): void {
    this.reads.shift()?.reject(serviceUnavailable('The store is away.'));
  }
}
