import { cursorExpired } from '#domain/errors.js';
import { BEGINNING, compareIds, type Draft, type Message, millisecondsOf } from '#domain/message.js';
import type {
  ChatRepository,
  Closeable,
  FeedListener,
  MessageFeed,
  Page,
  Window,
} from '#domain/ports/event-log.js';

export interface MemoryStoreOptions {
  /** Messages that a room keeps at most. */
  historyLimit?: number;
  ttlMs?: number;
  /** The store's own clock. */
  now?: () => number;
}

/** A store of messages and its feed. */
export interface Store extends MessageFeed, Pick<ChatRepository, 'send' | 'page' | 'lastMessages'> {}

/**
 * The ports of src/domain in memory: what Redis does, in the same turn of the event loop. test/support/
 * store-contract.ts holds both to the same promises.
 */
export class MemoryStore implements Store {
  /** By room, oldest first. */
  readonly #lists = new Map<string, Message[]>();
  readonly #listeners = new Map<string, Set<{ listener: FeedListener }>>();
  readonly #historyLimit: number;
  readonly #ttlMs: number;
  readonly #now: () => number;

  constructor({ historyLimit = 10_000, ttlMs = 86_400_000, now = Date.now }: MemoryStoreOptions = {}) {
    this.#historyLimit = historyLimit;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  async send(draft: Draft): Promise<Message> {
    return this.put(draft.roomId, draft.content, draft.author);
  }

  /** As `send`, in this very moment. */
  put(roomId: string, content = 'hello', author = { id: 'guest:Ann', name: 'Ann' }): Message {
    const list = this.kept(roomId);
    const head = list.at(-1);
    const message = { id: this.#nextId(head), prev: head?.id ?? BEGINNING, roomId, author, content };
    list.push(message);
    if (list.length > this.#historyLimit) list.shift();
    for (const { listener } of [...(this.#listeners.get(roomId) ?? [])]) listener.onMessage(message);
    return message;
  }

  async page(roomId: string, { after, before, take }: Window): Promise<Page> {
    const kept = [...this.kept(roomId)];
    if (after !== undefined && after !== (kept[0]?.prev ?? BEGINNING)) {
      if (!kept.some(({ id }) => id === after)) throw cursorExpired(after);
    }
    let from = kept.findIndex(({ id }) => after === undefined || compareIds(id, after) > 0);
    if (from < 0) from = kept.length;
    let to = kept.findIndex(({ id }) => before !== undefined && compareIds(id, before) >= 0);
    if (to < 0) to = kept.length;
    to = Math.max(from, to);
    if ('first' in take) to = Math.min(to, from + take.first);
    else from = Math.max(from, to - take.last);
    return { messages: kept.slice(from, to), hasOlder: from > 0, hasNewer: to < kept.length };
  }

  async lastMessages(roomIds: readonly string[]): Promise<(Message | null)[]> {
    return roomIds.map((roomId) => this.kept(roomId).at(-1) ?? null);
  }

  async open(roomId: string, listener: FeedListener): Promise<Closeable> {
    const listeners = this.#listeners.get(roomId) ?? new Set();
    this.#listeners.set(roomId, listeners);
    const entry = { listener };
    listeners.add(entry);
    return {
      close: async () => {
        listeners.delete(entry);
        if (listeners.size === 0 && this.#listeners.get(roomId) === listeners) this.#listeners.delete(roomId);
      },
    };
  }

  /** Rooms that someone listens to. */
  get openRooms(): number {
    return this.#listeners.size;
  }

  /** What a room keeps now, oldest first: the list itself. */
  kept(roomId: string): Message[] {
    const list = this.#lists.get(roomId) ?? [];
    this.#lists.set(roomId, list);
    const oldestMs = this.#now() - this.#ttlMs;
    while (list[0] !== undefined && millisecondsOf(list[0].id) < oldestMs) list.shift();
    return list;
  }

  /** Loses everything, as FLUSHALL does, or a Redis that keeps nothing and is started again. */
  flush(): void {
    this.#lists.clear();
  }

  #nextId(head: Message | undefined): string {
    const now = this.#now();
    if (head === undefined || millisecondsOf(head.id) < now) return `${now}-0`;
    const [ms, sequence] = head.id.split('-');
    return `${ms}-${Number(sequence) + 1}`;
  }
}
