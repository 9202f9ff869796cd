import { BEGINNING, type Cursor, compareIds, type EntryId, millisecondsOf } from '#domain/cursor.js';
import { type Entry, isMessage, type OpaqueEntry, type Retraction, tombstoneOf } from '#domain/entry.js';
import { cursorExpired, forbidden } from '#domain/errors.js';
import type { Draft, Message } from '#domain/message.js';
import type {
  EventLog,
  Head,
  MessagePage,
  Page,
  Retracted,
  RetractionRights,
  Window,
} from '#domain/ports/event-log.js';
import type { Closeable, Feed, FeedListener } from '#domain/ports/feed.js';

export interface MemoryStoreOptions {
  /** The maximum number of entries in a room. */
  historyLimit?: number;
  ttlMs?: number;
  /** The store's clock. */
  now?: () => number;
}

/** An event log and its feed. */
export interface Store extends Feed, EventLog {}

/** A room, as Redis stores it. */
interface Room {
  /** Oldest first. */
  list: Entry[];
  epoch: string;
  last?: EntryId;
  began?: Cursor;
}

const ANN = { id: 'guest:Ann', name: 'Ann' };

/**
 * The event log and feed in memory. They do what Redis does, but synchronously. Both must pass the tests in
 * store-contract.ts.
 */
export class MemoryStore implements Store {
  #rooms = new Map<string, Room>();
  readonly #listeners = new Map<string, Set<{ listener: FeedListener }>>();
  readonly #nonces = new Map<string, EntryId>();
  readonly #historyLimit: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  #epochs = 0;

  constructor({ historyLimit = 10_000, ttlMs = 86_400_000, now = Date.now }: MemoryStoreOptions = {}) {
    this.#historyLimit = historyLimit;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  async append(draft: Draft): Promise<Message> {
    const { roomId, author, nonce } = draft;
    const key = JSON.stringify([roomId, author.id, nonce]);
    const first = nonce === undefined ? undefined : this.#nonces.get(key);
    if (first !== undefined) {
      const entry = this.kept(roomId).find(({ id }) => id === first);
      if (entry?.kind === 'gone') throw forbidden('The message with this nonce was retracted.');
      return entry && isMessage(entry) ? entry : { id: first, prev: BEGINNING, ...draft };
    }
    const message = this.#add(roomId, (place) => ({ ...place, ...draft }));
    if (nonce !== undefined) this.#nonces.set(key, message.id);
    return message;
  }

  /** Appends synchronously. */
  put(roomId: string, content = 'hello', author = ANN): Message {
    return this.#add(roomId, (place) => ({ ...place, roomId, author, content }));
  }

  async retract(roomId: string, ids: readonly EntryId[], rights: RetractionRights = {}): Promise<Retracted> {
    return this.take(roomId, ids, rights);
  }

  /** Retracts synchronously. */
  take(roomId: string, ids: readonly EntryId[], rights: RetractionRights = {}): Retracted {
    const list = this.kept(roomId);
    const sorted = [...new Set(ids)].sort(compareIds);
    const entryOf = (id: EntryId) => list.find((entry) => entry.id === id);
    const messages = sorted.map(entryOf).filter((entry) => entry !== undefined && isMessage(entry));
    for (const message of messages) if (!this.#covers(rights, message)) throw forbidden(message.id);
    for (const message of messages) list[list.indexOf(message)] = tombstoneOf(message);
    if (messages.length > 0) {
      const named = messages.map(({ id }) => id);
      this.#add(roomId, (place): Retraction => ({ ...place, kind: 'retracted', roomId, ids: named }));
    }
    const retracted = sorted.filter(
      (id) => messages.some((each) => each.id === id) || entryOf(id)?.kind === 'gone',
    );
    return { retracted, missing: sorted.filter((id) => !retracted.includes(id)) };
  }

  /** Retracts all messages of an author, as a later version does. */
  takeAllOf(roomId: string, author: string): Retraction {
    const list = this.kept(roomId);
    for (const [index, entry] of list.entries()) {
      if (isMessage(entry) && entry.author.id === author) list[index] = tombstoneOf(entry);
    }
    return this.#add(roomId, (place) => ({ ...place, kind: 'retracted', roomId, ids: [], author }));
  }

  #covers({ author, withinMs, sparesAllBut }: RetractionRights, message: Message): boolean {
    if (author !== undefined && message.author.id !== author) return false;
    if (withinMs !== undefined && millisecondsOf(message.id) < this.#now() - withinMs) return false;
    return sparesAllBut === undefined || message.role === undefined || message.author.id === sparesAllBut;
  }

  /** Appends an entry of a kind that this version does not know. */
  putOpaque(roomId: string, kind = 'pinned'): OpaqueEntry {
    return this.#add(roomId, (place) => ({ ...place, kind }));
  }

  /** Appends a message as the version before epochs does, which knows only the list. */
  putAsBefore(roomId: string, content = 'hello'): Message {
    const room = this.#room(roomId);
    const head = this.kept(roomId).at(-1)?.id;
    const message = {
      id: this.#nextId(head ?? BEGINNING),
      prev: head ?? BEGINNING,
      roomId,
      author: ANN,
      content,
    };
    this.#store(roomId, room, message);
    return message;
  }

  async page(roomId: string, window: Window): Promise<Page> {
    const { after, before, take } = window;
    const kept = [...this.kept(roomId)];
    if (after !== undefined && !this.#joinsOn(roomId, kept, after)) throw cursorExpired(after);
    let from = kept.findIndex(({ id }) => after === undefined || compareIds(id, after) > 0);
    if (from < 0) from = kept.length;
    let to = kept.findIndex(({ id }) => before !== undefined && compareIds(id, before) >= 0);
    if (to < 0) to = kept.length;
    to = Math.max(from, to);
    if ('first' in take) to = Math.min(to, from + take.first);
    else from = Math.max(from, to - take.last);
    return {
      entries: kept.slice(from, to),
      hasOlder: from > 0,
      hasNewer: to < kept.length,
      ...this.#head(roomId),
    };
  }

  async messages(roomId: string, { after, before, take }: Window): Promise<MessagePage> {
    const kept = this.kept(roomId);
    if (after !== undefined && !this.#joinsOn(roomId, kept, after)) throw cursorExpired(after);
    const all = kept.filter(isMessage);
    const inside = all.filter(
      ({ id }) =>
        (after === undefined || compareIds(id, after) > 0) &&
        (before === undefined || compareIds(id, before) < 0),
    );
    const messages =
      'first' in take
        ? inside.slice(0, take.first)
        : inside.slice(inside.length - Math.min(take.last, inside.length));
    const [oldest, newest] = [messages[0], messages.at(-1)];
    return {
      messages,
      hasOlder: all.some(({ id }) =>
        oldest ? compareIds(id, oldest.id) < 0 : after !== undefined && compareIds(id, after) <= 0,
      ),
      hasNewer: all.some(({ id }) =>
        newest ? compareIds(id, newest.id) > 0 : before !== undefined && compareIds(id, before) >= 0,
      ),
      head: this.#head(roomId).head,
    };
  }

  async heads(roomIds: readonly string[]): Promise<Head[]> {
    return roomIds.map((roomId) => this.#head(roomId));
  }

  async lastMessages(roomIds: readonly string[]): Promise<(Message | null)[]> {
    return roomIds.map((roomId) => this.kept(roomId).filter(isMessage).at(-1) ?? null);
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

  /** Rooms with listeners. */
  get openRooms(): number {
    return this.#listeners.size;
  }

  /** The room's current list, oldest first. */
  kept(roomId: string): Entry[] {
    const { list } = this.#room(roomId);
    const oldestMs = this.#now() - this.#ttlMs;
    while (list[0] !== undefined && millisecondsOf(list[0].id) < oldestMs) list.shift();
    return list;
  }

  /** Loses all data, as FLUSHALL or a restart without persistence does. */
  flush(): void {
    this.#rooms.clear();
    this.#nonces.clear();
  }

  /** Forgets everything about a room but its list, as if its hash had expired. */
  forgetRoom(roomId: string): void {
    this.#rooms.set(roomId, { list: this.kept(roomId), epoch: '' });
  }

  /** Takes a snapshot. The returned function restores it, as a restart with older data does. */
  snapshot(): () => void {
    const copy = structuredClone(this.#rooms);
    return () => {
      this.#rooms = structuredClone(copy);
    };
  }

  #room(roomId: string): Room {
    const room = this.#rooms.get(roomId) ?? { list: [], epoch: '' };
    this.#rooms.set(roomId, room);
    return room;
  }

  #head(roomId: string): Head {
    const { epoch, last = BEGINNING } = this.#room(roomId);
    const newest = this.kept(roomId).at(-1)?.id ?? BEGINNING;
    return { epoch, head: compareIds(newest, last) > 0 ? newest : last, now: this.#now() };
  }

  /** Whether no message after the cursor is missing. */
  #joinsOn(roomId: string, kept: readonly Entry[], cursor: Cursor): boolean {
    const { last = BEGINNING, began = BEGINNING } = this.#room(roomId);
    const [oldest] = kept;
    if (cursor === this.#head(roomId).head || kept.some(({ id }) => id === cursor)) return true;
    if (oldest === undefined) return cursor === BEGINNING;
    if (cursor === oldest.prev || (cursor === BEGINNING && oldest.prev === began)) return true;
    if (oldest.prev !== BEGINNING) return false;
    return cursor === (compareIds(oldest.id, last) > 0 ? last : began);
  }

  #add<T extends Entry>(roomId: string, make: (place: { id: EntryId; prev: Cursor }) => T): T {
    const room = this.#room(roomId);
    const list = this.kept(roomId);
    const prev = this.#head(roomId).head;
    const [oldest] = list;
    if (oldest === undefined) room.began = prev;
    else if (oldest.prev === BEGINNING && room.last && compareIds(oldest.id, room.last) > 0) {
      room.began = room.last;
    }
    const entry = make({ id: this.#nextId(prev), prev });
    room.epoch ||= `epoch ${++this.#epochs}`;
    room.last = entry.id;
    this.#store(roomId, room, entry);
    return entry;
  }

  #store(roomId: string, { list }: Room, entry: Entry): void {
    list.push(entry);
    if (list.length > this.#historyLimit) list.shift();
    for (const { listener } of [...(this.#listeners.get(roomId) ?? [])]) listener.onEntry(entry);
  }

  #nextId(head: Cursor): EntryId {
    const now = this.#now();
    if (millisecondsOf(head) < now) return `${now}-0`;
    const [ms, sequence] = head.split('-');
    return `${ms}-${Number(sequence) + 1}`;
  }
}
