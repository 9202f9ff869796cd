import type { Entry } from '#domain/entry.js';
import { serviceUnavailable } from '#domain/errors.js';
import type { Closeable, Feed, FeedListener } from '#domain/ports/feed.js';
import { asUnavailable, isReply, isShardAway } from '#redis/client/errors.js';
import type { RedisHooks } from '#redis/client/hooks.js';
import { channelOf, roomOfChannel } from '#redis/client/keys.js';
import type { Channels } from '#redis/client/servers.js';
import { createPubSub } from './pubsub.js';

/** Settings of `createFeed`. */
export interface FeedOptions {
  /** Subscriptions. They are not renewed automatically when they are lost. */
  channels: Channels;
  /** The database of the rooms. Defaults to 0. */
  database?: number;
  /** Decodes what was published in a room. Undefined if it is malformed. Must not throw. */
  decode(text: string, roomId: string): Entry | undefined;
  hooks?: RedisHooks;
}

/** One call of `open`. A listener that is opened twice has two registrations. */
interface Registration {
  listener: FeedListener;
  /** Whether its `open` has resolved. Until then, `open` throws a failure instead of calling `onFailed`. */
  opened: boolean;
}

/** An open room: one Redis subscription, shared by its listeners. */
interface OpenRoom {
  id: string;
  channel: string;
  registrations: Set<Registration>;
  /** Settles when Redis answers the latest SUBSCRIBE, on this connection or the last one. */
  opening: Promise<void>;
  /** The subscription's number. Undefined before the first acknowledgement and after the room is closed. */
  subscription?: number;
  /** Counts how often the subscription was lost, to detect an answer about an earlier one. */
  losses: number;
}

/** The feed over Redis pub/sub. */
export interface RedisFeed extends Feed, Closeable {
  /** How many rooms are open. */
  readonly openRooms: number;
}

const REFUSED = 'The live messages of this room are temporarily unavailable. Try again shortly.';

/**
 * Creates the feed. A listener may receive an entry just before its `open` resolves. After `close`, every
 * `open` throws SERVICE_UNAVAILABLE. `close` does not close the connections, which belong to the caller.
 */
export function createFeed({ channels, database = 0, decode, hooks = {} }: FeedOptions): RedisFeed {
  const rooms = new Map<string, OpenRoom>();
  const pubsub = createPubSub<Entry | undefined>(
    channels,
    (text, channel) => decode(text, roomOfChannel(channel)),
    hooks,
  );
  let closed = false;

  function notify(registrations: Iterable<Registration>, call: (listener: FeedListener) => void): void {
    // Copy the list, because a listener may close itself or open another while it is called.
    for (const { listener } of [...registrations]) {
      try {
        call(listener);
      } catch (error) {
        hooks.onError?.('feed listener', error);
      }
    }
  }

  function openRoom(id: string): OpenRoom {
    const channel = channelOf(id, database);
    const registrations = new Set<Registration>();
    const subscribed = pubsub.subscribe(channel, (entry) => {
      if (entry) notify(registrations, (listener) => listener.onEntry(entry));
      else hooks.onMalformed?.('channel', id);
    });
    const opening = subscribed.then((subscription) => {
      room.subscription = subscription;
    });
    const room: OpenRoom = { id, channel, registrations, opening, losses: 0 };
    rooms.set(id, room);
    return room;
  }

  /** Forgets a room immediately, then unsubscribes in Redis. */
  async function closeRoom(room: OpenRoom): Promise<void> {
    if (rooms.get(room.id) === room) rooms.delete(room.id);
    const { subscription } = room;
    room.subscription = undefined;
    room.registrations.clear();
    if (subscription !== undefined) await pubsub.unsubscribe(subscription, room.channel);
  }

  async function resume(room: OpenRoom): Promise<void> {
    room.losses += 1;
    const loss = room.losses;
    const opened = () => [...room.registrations].filter((registration) => registration.opened);
    try {
      room.opening = pubsub.renew(room.channel);
      await room.opening;
    } catch (error) {
      // The room was closed, or its subscription was lost again. It is resumed after that loss.
      const isLostAgain = loss !== room.losses || !channels.isConnected(room.channel) || isShardAway(error);
      if (room.subscription === undefined || isLostAgain) return;
      if (error instanceof Error && isReply(error)) {
        const registrations = opened();
        const refusal = serviceUnavailable(REFUSED, error);
        await closeRoom(room);
        notify(registrations, (listener) => listener.onFailed(refusal));
      } else {
        // Redis is connected but did not answer. Only a new connection settles what is subscribed.
        channels.reconnect(room.channel);
      }
      return;
    }
    notify(opened(), (listener) => listener.onResumed());
  }

  const stopResuming = channels.onLost((isLost) => {
    for (const room of rooms.values()) {
      if (room.subscription === undefined || !isLost(room.channel)) continue;
      resume(room).catch((error) => hooks.onError?.(`resume ${room.channel}`, error));
    }
  });

  return {
    get openRooms() {
      return rooms.size;
    },

    async open(roomId, listener) {
      // While its server is disconnected, no room is live, not even one that is already open.
      if (closed || !channels.isConnected(channelOf(roomId, database))) throw serviceUnavailable(REFUSED);
      const room = rooms.get(roomId) ?? openRoom(roomId);
      const registration: Registration = { listener, opened: false };
      room.registrations.add(registration);
      const leave = async () => {
        if (room.registrations.delete(registration) && room.registrations.size === 0) await closeRoom(room);
      };
      try {
        await room.opening;
      } catch (error) {
        await leave();
        throw asUnavailable(REFUSED, error);
      }
      // The room was closed meanwhile, or refused on a new connection.
      if (closed || rooms.get(roomId) !== room) {
        await closeRoom(room);
        throw serviceUnavailable(REFUSED);
      }
      registration.opened = true;
      return { close: leave };
    },

    async close() {
      closed = true;
      stopResuming();
      await Promise.all([...rooms.values()].map(closeRoom));
      pubsub.close();
    },
  };
}
