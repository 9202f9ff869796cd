import type { Redis } from 'ioredis';
import type { Entry } from '#domain/entry.js';
import { serviceUnavailable } from '#domain/errors.js';
import type { Closeable, Feed, FeedListener } from '#domain/ports/feed.js';
import type { RedisHooks } from '#redis/client/connections.js';
import { asUnavailable, isReply } from '#redis/client/errors.js';
import { channelOf, databaseOf, roomOfChannel } from '#redis/client/keys.js';
import { createPubSub } from './pubsub.js';

/** What the feed is made of. */
export interface FeedOptions {
  /** As `connectRedis` makes it: a command that has no answer in time fails, and it subscribes to nothing by itself. */
  subscriber: Redis;
  /** Reads what was published in a room; undefined if it is malformed. Must not throw. */
  decode(text: string, roomId: string): Entry | undefined;
  hooks?: RedisHooks;
}

/** One for each `open`, so that the same listener may be there twice. */
interface Listening {
  listener: FeedListener;
  /** Whether its `open` has resolved; until then a failure is thrown there, and not told. */
  opened: boolean;
}

/** A room that is open: one subscription, shared by its listeners. */
interface OpenRoom {
  id: string;
  channel: string;
  listeners: Set<Listening>;
  /** Settles as Redis answers to SUBSCRIBE, on the present connection or the last. */
  opening: Promise<void>;
  /** The subscription's number, from the first acknowledgement until the room is closed. */
  subscription?: number;
}

/** The feed, and how many rooms it holds open. */
export interface RedisFeed extends Feed, Closeable {
  readonly openRooms: number;
}

const REFUSED = 'The live messages of this room are not available at the moment. Please try again.';

/**
 * What is published, room by room. A listener may be told of an entry in the moment just before `open`
 * resolves. After `close` every `open` throws SERVICE_UNAVAILABLE; it leaves the connection to its owner.
 */
export function createFeed({ subscriber, decode, hooks = {} }: FeedOptions): RedisFeed {
  const database = databaseOf(subscriber);
  const rooms = new Map<string, OpenRoom>();
  const pubsub = createPubSub<Entry | undefined>(
    subscriber,
    (text, channel) => decode(text, roomOfChannel(channel)),
    hooks,
  );
  /** Counts connections, to tell whether an answer belongs to the present one. */
  let connection = 0;
  let closed = false;

  function tell(entries: Iterable<Listening>, what: (listener: FeedListener) => void): void {
    // A copy: a listener may close itself, or open another, while it is told.
    for (const { listener } of [...entries]) {
      try {
        what(listener);
      } catch (error) {
        hooks.onError?.('feed listener', error);
      }
    }
  }

  function openRoom(id: string): OpenRoom {
    const channel = channelOf(id, database);
    const listeners = new Set<Listening>();
    const subscribed = pubsub.subscribe(channel, (entry) => {
      if (entry) tell(listeners, (listener) => listener.onEntry(entry));
      else hooks.onMalformed?.('channel', id);
    });
    const opening = subscribed.then((subscription) => {
      room.subscription = subscription;
    });
    const room: OpenRoom = { id, channel, listeners, opening };
    rooms.set(id, room);
    return room;
  }

  /** Forgets a room, at once here and as soon as it hears of it in Redis. */
  async function closeRoom(room: OpenRoom): Promise<void> {
    if (rooms.get(room.id) === room) rooms.delete(room.id);
    const { subscription } = room;
    room.subscription = undefined;
    room.listeners.clear();
    if (subscription !== undefined) await pubsub.unsubscribe(subscription, room.channel);
  }

  async function resume(room: OpenRoom): Promise<void> {
    const asked = connection;
    const opened = () => [...room.listeners].filter((entry) => entry.opened);
    try {
      room.opening = pubsub.renew(room.channel);
      await room.opening;
    } catch (error) {
      // Closed meanwhile, or this connection is lost too: the next one takes the room up again.
      if (room.subscription === undefined || asked !== connection || subscriber.status !== 'ready') return;
      if (error instanceof Error && isReply(error)) {
        const entries = opened();
        const refusal = serviceUnavailable(REFUSED, error);
        await closeRoom(room);
        tell(entries, (listener) => listener.onFailed(refusal));
      } else {
        // Connected, yet no answer: only a new connection makes certain what is subscribed.
        subscriber.disconnect(true);
      }
      return;
    }
    tell(opened(), (listener) => listener.onResumed());
  }

  const onReady = () => {
    connection += 1;
    for (const room of rooms.values()) {
      if (room.subscription === undefined) continue;
      resume(room).catch((error) => hooks.onError?.(`resume ${room.channel}`, error));
    }
  };
  subscriber.on('ready', onReady);

  return {
    get openRooms() {
      return rooms.size;
    },

    async open(roomId, listener) {
      // While the connection is away no room is live, not even one that others hold open.
      if (closed || subscriber.status !== 'ready') throw serviceUnavailable(REFUSED);
      const room = rooms.get(roomId) ?? openRoom(roomId);
      const entry: Listening = { listener, opened: false };
      room.listeners.add(entry);
      const leave = async () => {
        if (room.listeners.delete(entry) && room.listeners.size === 0) await closeRoom(room);
      };
      try {
        await room.opening;
      } catch (error) {
        await leave();
        throw asUnavailable(REFUSED, error);
      }
      // Closed meanwhile, or refused on a new connection.
      if (closed || rooms.get(roomId) !== room) {
        await closeRoom(room);
        throw serviceUnavailable(REFUSED);
      }
      entry.opened = true;
      return { close: leave };
    },

    async close() {
      closed = true;
      subscriber.off('ready', onReady);
      await Promise.all([...rooms.values()].map(closeRoom));
      pubsub.close();
    },
  };
}
