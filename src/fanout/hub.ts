import { badInput, type ChatError, serviceUnavailable } from '#domain/errors.js';
import { BEGINNING, type Message, type MessageId } from '#domain/message.js';
import type { ChatRepository, MessageFeed, Presence } from '#domain/ports/event-log.js';
import { type Owner, SharedSource } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import type { Place, Subscriber } from '#fanout/delivery/subscriber.js';
import { FrameBudget } from '#fanout/projection/frame-cache.js';
import type { Render } from '#fanout/projection/framing.js';
import { Topics } from '#fanout/topics/topics.js';
import { type DeliveryRates, Meter } from './meter.js';
import { type FanoutHooks, Room } from './room.js';

/** Where a subscriber begins. */
export type Start = { from: 'now' } | { from: 'last'; count: number } | { from: 'after'; cursor: MessageId };

export interface HubOptions {
  repository: Pick<ChatRepository, 'page' | 'lastMessages'>;
  feed: MessageFeed;
  presence: Presence;
  /** Messages that each room's log holds. */
  logCapacity: number;
  /** Messages in one read of older history. */
  pageSize: number;
  /** How long a message lives, in milliseconds. */
  ttlMs: number;
  /** How often each live room's head is compared with the store's, in milliseconds. */
  headCheckMs: number;
  /** Bytes of rendered messages that all rooms together keep, beyond a small share for each selection. */
  frameBytes: number;
  hooks: FanoutHooks;
}

/** What a node is doing. */
export interface NodeStats extends DeliveryRates {
  /** Subscriptions to rooms that are open. */
  viewers: number;
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
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: HubOptions) {
    this.meter = new Meter(options.hooks);
    this.#frames = new FrameBudget(options.frameBytes);
    this.#topics = new Topics({ everyMs: TOPIC_MS, onTrouble: options.hooks.onTrouble });
  }

  /** Begins to compare heads with the store, so that even a feed that died in silence heals. */
  start(): void {
    const { headCheckMs, ttlMs, hooks } = this.options;
    // Several times in a message's life, so that none dies unseen.
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

  /** How many subscriptions wait for a sink that is full, or for older history: a look at each. */
  get waiting(): number {
    let waiting = 0;
    for (const { room } of this.#rooms.values()) waiting += room.waiting;
    return waiting;
  }

  get stats(): NodeStats {
    let viewers = 0;
    for (const { room } of this.#rooms.values()) viewers += room.viewers;
    return { ...this.meter.rates, viewers, rooms: this.#rooms.size };
  }

  /**
   * Takes a place before something that changes: its value now, and from then on, at most once a second, what
   * it is then. The same name must mean the same reading. Whoever gets the source releases it.
   */
  watch<Value>(name: string, read: () => Value): SharedSource<Value> {
    return this.#topics.watch(name, read);
  }

  /**
   * Takes a place in a room. Resolves once the room is live on this node: whatever is sent from then on will
   * be delivered from that place. Throws CURSOR_EXPIRED where a cursor cannot be honoured, SERVICE_UNAVAILABLE
   * where the room cannot be followed. Whoever gets a RoomSource releases it.
   */
  async join(roomId: string, start: Start, connectionId: string): Promise<RoomSource> {
    if (this.#closed) throw shuttingDown();
    const joined = this.#retain(roomId);
    try {
      await joined.opened;
      const place = await placeOf(joined.room, start);
      this.options.presence.join(roomId, connectionId);
      return new RoomSource(joined, place, connectionId, this.#leave);
    } catch (error) {
      this.#release(joined);
      throw error;
    }
  }

  /** Compares every live room's head with the store's, in one round trip. */
  async checkHeads(): Promise<void> {
    const rooms = [...this.#rooms.values()].map(({ room }) => room);
    if (rooms.length === 0) return;
    const askedAt = Date.now();
    const newest = await this.options.repository.lastMessages(rooms.map(({ id }) => id));
    for (const [index, room] of rooms.entries()) room.log.check(newest[index] ?? null, askedAt);
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

  readonly #leave = (joined: Joined, connectionId: string): void => {
    this.options.presence.leave(joined.room.id, connectionId);
    this.#release(joined);
  };

  #release(joined: Joined): void {
    joined.holders -= 1;
    if (joined.holders > 0) return;
    if (this.#rooms.get(joined.room.id) === joined) this.#rooms.delete(joined.room.id);
    this.#closeLog(joined.room);
  }

  #makeRoom(roomId: string): Room {
    const { repository, feed, logCapacity, pageSize, ttlMs, hooks } = this.options;
    const log = { repository, feed, capacity: logCapacity, pageSize, ttlMs };
    return new Room(roomId, log, this.meter, this.#frames, hooks, (room, error) => {
      if (this.#rooms.get(roomId)?.room === room) this.#rooms.delete(roomId);
      hooks.onTrouble(roomId, error);
      room.refuseAll(serviceUnavailable('The room cannot be followed at the moment.', error));
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

/** A place taken in a room. */
export class RoomSource extends SharedSource<Message> {
  #place: Place | undefined;
  #joined: Joined | undefined;

  constructor(
    joined: Joined,
    place: Place,
    private readonly connectionId: string,
    private readonly leave: (joined: Joined, connectionId: string) => void,
  ) {
    super();
    this.#joined = joined;
    this.#place = place;
  }

  override subscribe(key: string, makeRender: () => Render<Message>, sink: Sink, owner: Owner): Subscriber {
    if (this.#joined === undefined || this.#place === undefined) throw new Error('A place is taken once.');
    const place = this.#place;
    this.#place = undefined;
    sink.startsAfter?.(place.cursor);
    return this.#joined.room.subscribe(key, makeRender, sink, place, owner);
  }

  override release(): void {
    if (this.#joined === undefined) return;
    this.leave(this.#joined, this.connectionId);
    this.#joined = undefined;
  }
}

async function placeOf(room: Room, start: Start): Promise<Place> {
  const { log } = room;
  if (start.from === 'after') {
    const position = log.locate(start.cursor);
    // Older than the log: the store says whether the cursor can be honoured.
    if (position === undefined) await log.pageAfter(start.cursor);
    return { cursor: start.cursor, position };
  }
  if (start.from === 'last' && start.count < 0) throw badInput('last', 'must not be negative');
  const position = start.from === 'last' ? log.newest(start.count) : log.end;
  return { cursor: log.at(position)?.prev ?? log.head ?? BEGINNING, position };
}

function shuttingDown(): ChatError {
  return serviceUnavailable('The server is shutting down.');
}
