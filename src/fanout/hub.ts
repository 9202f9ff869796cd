import { type ChatError, serviceUnavailable } from '#domain/errors.js';
import type { EventLog } from '#domain/ports/event-log.js';
import type { Feed } from '#domain/ports/feed.js';
import type { Presence } from '#domain/ports/presence.js';
import type { SharedSource } from '#fanout/delivery/shared-source.js';
import type { StartPosition } from '#fanout/delivery/subscriber.js';
import { FrameBudget } from '#fanout/projection/frame-cache.js';
import { SelectionLimit, type SelectionLimits } from '#fanout/projection/selection-limit.js';
import { Topics } from '#fanout/topics/topics.js';
import { type DeliveryRates, Meter } from './meter.js';
import { type FanoutHooks, Room } from './room.js';
import { RoomSource } from './room-source.js';
import { findPosition, heldPosition, type Start } from './start-position.js';

export interface HubOptions {
  eventLog: Pick<EventLog, 'page' | 'messages' | 'heads'>;
  feed: Feed;
  presence: Presence;
  /** Entries that each room's log holds. */
  logCapacity: number;
  /** Entries in one read of older history. */
  pageSize: number;
  /** How long an entry is kept, in milliseconds. */
  ttlMs: number;
  /** How often each live room's head is compared with the store's, in milliseconds. */
  headCheckMs: number;
  /** Bytes of rendered messages that all rooms together keep, beyond a small share for each selection. */
  frameBytes: number;
  /** Distinct selections that one client, or one room, may have at once. */
  selections: SelectionLimits;
  hooks: FanoutHooks;
  /** A monotonic clock in milliseconds; `performance.now` if not given. */
  elapsed?: () => number;
}

/** What a node is doing. */
export interface NodeStats extends DeliveryRates {
  /** Open subscriptions to rooms. */
  subscriptions: number;
  /** Rooms that are followed. */
  rooms: number;
}

/** How often what is not a message is told, such as a room's count, in milliseconds. */
const TOPIC_MS = 1_000;

/** The rooms that have subscribers on this node. A room's log is opened by the first and closed by the last. */
export class Hub {
  /** Counts what is delivered here. */
  readonly meter: Meter;
  readonly #rooms = new Map<string, Joined>();
  readonly #topics: Topics;
  readonly #frames: FrameBudget;
  readonly #selectionLimit: SelectionLimit;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: HubOptions) {
    this.meter = new Meter(options.hooks);
    this.#frames = new FrameBudget(options.frameBytes);
    this.#selectionLimit = new SelectionLimit(options.selections);
    this.#topics = new Topics({
      everyMs: TOPIC_MS,
      selectionLimit: this.#selectionLimit,
      onTrouble: options.hooks.onTrouble,
    });
  }

  /** Begins to compare heads with the store, so that even a feed that died in silence heals. */
  start(): void {
    const { headCheckMs, ttlMs, hooks } = this.options;
    // Several times in the life of an entry, so that none is gone before it was seen.
    const everyMs = Math.min(headCheckMs, ttlMs / 4);
    this.#timer ??= setInterval(() => {
      this.checkHeads().catch((error: unknown) => hooks.onTrouble('*', error));
    }, everyMs).unref();
  }

  /** Ends every subscription; afterwards nothing is open, and nobody is taken in. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#topics.close();
    const rooms = [...this.#rooms.values()];
    this.#rooms.clear();
    await Promise.all(rooms.map(({ room }) => this.#shut(room, shuttingDown())));
  }

  /** What is open at this moment. */
  get size(): { rooms: number; projections: number } {
    let projections = 0;
    for (const { room } of this.#rooms.values()) projections += room.projections;
    return { rooms: this.#rooms.size, projections };
  }

  /** Whether the room has subscribers on this node, or is being opened for one. */
  isOpen(roomId: string): boolean {
    return this.#rooms.has(roomId);
  }

  /** How many subscriptions wait for a sink that is full, or for older history: a look at each. */
  get waiting(): number {
    let waiting = 0;
    for (const { room } of this.#rooms.values()) waiting += room.waiting;
    return waiting;
  }

  get stats(): NodeStats {
    let subscriptions = 0;
    for (const { room } of this.#rooms.values()) subscriptions += room.subscriptions;
    return { ...this.meter.rates, subscriptions, rooms: this.#rooms.size };
  }

  /**
   * Takes a place before something that changes: its value now, and from then on, at most once a second, what
   * it is then. The same name must mean the same reading. Whoever gets the source releases it.
   */
  watch<Value>(name: string, read: () => Value): SharedSource<Value> {
    return this.#topics.watch(name, read);
  }

  /**
   * Joins a room and returns a source that delivers everything from `start` on. Returns it at once if the room
   * is open on this node and holds that position; otherwise it resolves when the room is live. Rejects with
   * CURSOR_EXPIRED if a cursor cannot be honored, and with SERVICE_UNAVAILABLE if the room cannot be read. The
   * caller releases the source.
   */
  join(roomId: string, start: Start, connectionId: string): RoomSource | Promise<RoomSource> {
    if (this.#closed) return Promise.reject(shuttingDown());
    const joined = this.#retain(roomId);
    const position = heldPosition(joined.room.log, start);
    return position === undefined
      ? this.#joinLater(joined, start, connectionId)
      : this.#takeSource(joined, position, connectionId);
  }

  async #joinLater(joined: Joined, start: Start, connectionId: string): Promise<RoomSource> {
    try {
      await joined.opened;
      return this.#takeSource(joined, await findPosition(joined.room.log, start), connectionId);
    } catch (error) {
      this.#release(joined);
      throw error;
    }
  }

  #takeSource(joined: Joined, position: StartPosition, connectionId: string): RoomSource {
    this.options.presence.join(joined.room.id, connectionId);
    return new RoomSource(joined.room, position, () => this.#leave(joined, connectionId));
  }

  /** Compares every live room's head with the store's, in one round trip. */
  async checkHeads(): Promise<void> {
    const rooms = [...this.#rooms.values()].map(({ room }) => room);
    if (rooms.length === 0) return;
    const heads = await this.options.eventLog.heads(rooms.map(({ id }) => id));
    for (const [index, room] of rooms.entries()) {
      const head = heads[index];
      if (head) room.log.check(head);
    }
  }

  #retain(roomId: string): Joined {
    let joined = this.#rooms.get(roomId);
    if (joined === undefined) {
      const room = this.#makeRoom(roomId);
      joined = { room, opened: room.log.open(), holders: 0 };
      this.#rooms.set(roomId, joined);
    }
    joined.holders += 1;
    return joined;
  }

  #leave(joined: Joined, connectionId: string): void {
    this.options.presence.leave(joined.room.id, connectionId);
    this.#release(joined);
  }

  #release(joined: Joined): void {
    joined.holders -= 1;
    if (joined.holders > 0) return;
    if (this.#rooms.get(joined.room.id) === joined) this.#rooms.delete(joined.room.id);
    this.#closeLog(joined.room);
  }

  #makeRoom(roomId: string): Room {
    const { eventLog, feed, logCapacity, pageSize, ttlMs, hooks, elapsed } = this.options;
    const log = { eventLog, feed, capacity: logCapacity, pageSize, ttlMs, ...(elapsed && { elapsed }) };
    return new Room({
      id: roomId,
      log,
      meter: this.meter,
      budget: this.#frames,
      selectionLimit: this.#selectionLimit,
      hooks,
      onFailed: (room, error) => {
        if (this.#rooms.get(roomId)?.room === room) this.#rooms.delete(roomId);
        hooks.onTrouble(roomId, error);
        room.refuseAll(serviceUnavailable('This room is temporarily unavailable. Try again shortly.', error));
      },
    });
  }

  async #shut(room: Room, reason: ChatError): Promise<void> {
    room.refuseAll(reason);
    await room.log.close();
  }

  #closeLog(room: Room): void {
    room.log.close().catch((error: unknown) => this.options.hooks.onTrouble(room.id, error));
  }
}

/** A room, and how many hold a place in it or are about to. */
interface Joined {
  room: Room;
  opened: Promise<void>;
  holders: number;
}

function shuttingDown(): ChatError {
  return serviceUnavailable('The server is shutting down.');
}
