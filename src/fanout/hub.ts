import { type ChatError, serviceUnavailable } from '#domain/errors.js';
import type { Head } from '#domain/ports/event-log.js';
import type { SharedSource } from '#fanout/delivery/shared-source.js';
import type { StartPosition } from '#fanout/delivery/subscriber.js';
import { Retractions } from '#fanout/log/retractions.js';
import type { Deliverable, Delivered } from '#fanout/projection/delivered.js';
import { FrameBudget } from '#fanout/projection/frame-cache.js';
import { SelectionLimit } from '#fanout/projection/selection-limit.js';
import { Topics } from '#fanout/topics/topics.js';
import type { HubOptions, NodeStats } from './hub-options.js';
import { Meter } from './meter.js';
import { Room } from './room.js';
import { type OpenRoom, RoomSource } from './room-source.js';
import { findPosition, heldPosition, type Start } from './start-position.js';

/** The source of a subscription that delivers messages or events, or the promise of it. */
type Joined<D extends Delivered> = RoomSource<Deliverable[D]> | Promise<RoomSource<Deliverable[D]>>;

/** Minimum milliseconds between two broadcasts of a topic, such as a room's connection count. */
const TOPIC_MS = 1_000;

/** Rooms with subscriptions on this node. The first subscription opens a room, the last one closes it. */
export class Hub {
  /** Counts the deliveries of this node. */
  readonly meter: Meter;
  /** The retractions that this node has seen in open rooms. */
  readonly retractions = new Retractions();
  readonly #rooms = new Map<string, OpenRoom>();
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
      perAddress: options.selections.topicsPerAddress,
      onTrouble: options.hooks.onTrouble,
    });
  }

  /** Starts comparing heads with the store, to find messages that a feed lost without an error. */
  start(): void {
    const { headCheckMs, ttlMs, hooks } = this.options;
    // Check several times within the lifetime of an entry, so that none expires before it is noticed.
    const everyMs = Math.min(headCheckMs, ttlMs / 4);
    this.#timer ??= setInterval(() => {
      this.checkHeads().catch((error: unknown) => hooks.onTrouble('*', error));
    }, everyMs).unref();
  }

  /** Ends all subscriptions and refuses new ones. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#topics.close();
    const rooms = [...this.#rooms.values()];
    this.#rooms.clear();
    await Promise.all(rooms.map(({ room }) => this.#shut(room, shuttingDown())));
  }

  /** The number of open rooms, and of distinct selections in them. */
  get size(): { rooms: number; projections: number } {
    let projections = 0;
    for (const { room } of this.#rooms.values()) projections += room.projections;
    return { rooms: this.#rooms.size, projections };
  }

  /** Whether the room has a subscription on this node, or is being opened for one. */
  isOpen(roomId: string): boolean {
    return this.#rooms.has(roomId);
  }

  /** The head of a room that is open and up to date on this node, as its log knows it. Undefined of any other room. */
  knownHead(roomId: string): Head | undefined {
    return this.#rooms.get(roomId)?.room.log.knownHead;
  }

  /** How many subscriptions are waiting for a full sink or for the store. Visits every subscription. */
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

  /** Subscribes to a room's latest state; see `watch`. After a retraction, no value from before it is delivered. */
  watchRoom<Value>(roomId: string, read: () => Value): SharedSource<Value> {
    return this.watch(roomTopic(roomId), read);
  }

  /**
   * Subscribes to a value that changes. Delivers the current value, and then the latest one at most once per
   * second if it has changed. Calls with the same name must have an equivalent `read`. The caller must
   * release the source. Throws SERVICE_UNAVAILABLE after `close()`.
   */
  watch<Value>(name: string, read: () => Value): SharedSource<Value> {
    return this.#topics.watch(name, read);
  }

  /**
   * Joins a room and returns a source that delivers its messages, or all its events, from `start` on. Those that start
   * with the newest messages get only messages up to the present head, and everything after it. Returns it synchronously if
   * the room is open on this node and its log holds that position. Otherwise returns a promise, which
   * resolves when the room is live. It rejects with BAD_USER_INPUT if `count` is negative, CURSOR_EXPIRED if
   * entries after the cursor are gone, or SERVICE_UNAVAILABLE if the room cannot be read. The caller must
   * release the source.
   */
  join(roomId: string, start: Start, connectionId: string): Joined<'messages'>;
  join<D extends Delivered>(roomId: string, start: Start, connectionId: string, delivers: D): Joined<D>;
  join(
    roomId: string,
    start: Start,
    connectionId: string,
    delivers: Delivered = 'messages',
  ): Joined<Delivered> {
    if (this.#closed) return Promise.reject(shuttingDown());
    const joined = this.#retain(roomId);
    const position = heldPosition(joined.room.log, start);
    return position === undefined
      ? this.#joinLater(joined, start, connectionId, delivers)
      : this.#takeSource(joined, position, connectionId, delivers);
  }

  async #joinLater(
    joined: OpenRoom,
    start: Start,
    connectionId: string,
    delivers: Delivered,
  ): Promise<RoomSource<Deliverable[Delivered]>> {
    try {
      await joined.opened;
      const position = await findPosition(joined.room.log, start);
      return this.#takeSource(joined, position, connectionId, delivers);
    } catch (error) {
      this.#release(joined);
      throw error;
    }
  }

  #takeSource(
    joined: OpenRoom,
    position: StartPosition,
    connectionId: string,
    delivers: Delivered,
  ): RoomSource<Deliverable[Delivered]> {
    this.options.presence.join(joined.room.id, connectionId);
    return new RoomSource(joined, position, delivers, connectionId, this.#leave);
  }

  /** Compares the heads of all rooms with the store, in one round trip. Rooms that differ catch up. */
  async checkHeads(): Promise<void> {
    const rooms = [...this.#rooms.values()].map(({ room }) => room);
    if (rooms.length === 0) return;
    const heads = await this.options.eventLog.heads(rooms.map(({ id }) => id));
    for (const [index, room] of rooms.entries()) {
      const head = heads[index];
      // Its part of the store is unreachable. The other rooms go on.
      if (head instanceof Error) this.options.hooks.onTrouble(room.id, head);
      else if (head) room.log.check(head);
    }
  }

  #retain(roomId: string): OpenRoom {
    let joined = this.#rooms.get(roomId);
    if (joined === undefined) {
      const room = this.#makeRoom(roomId);
      joined = { room, opened: room.log.open(), holders: 0 };
      this.#rooms.set(roomId, joined);
    }
    joined.holders += 1;
    return joined;
  }

  readonly #leave = (joined: OpenRoom, connectionId: string): void => {
    this.options.presence.leave(joined.room.id, connectionId);
    this.#release(joined);
  };

  #release(joined: OpenRoom): void {
    joined.holders -= 1;
    if (joined.holders > 0) return;
    if (this.#rooms.get(joined.room.id) === joined) this.#rooms.delete(joined.room.id);
    this.#closeLog(joined.room);
  }

  #makeRoom(roomId: string): Room {
    const { eventLog, feed, logCapacity, pageSize, ttlMs, hooks, elapsed } = this.options;
    const { retractions } = this;
    const log = {
      eventLog,
      feed,
      capacity: logCapacity,
      pageSize,
      ttlMs,
      retractions,
      ...(elapsed && { elapsed }),
    };
    return new Room({
      id: roomId,
      log,
      meter: this.meter,
      budget: this.#frames,
      selectionLimit: this.#selectionLimit,
      hooks,
      onRetracted: ({ id }) => this.#topics.forget(roomTopic(id)),
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

function roomTopic(roomId: string): string {
  return `room ${roomId}`;
}

function shuttingDown(): ChatError {
  return serviceUnavailable('The server is shutting down.');
}
