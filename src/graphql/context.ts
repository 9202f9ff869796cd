import type { Message } from '#domain/message.js';
import type { EventLog, Head } from '#domain/ports/event-log.js';
import type { RateLimiter, SlowModes } from '#domain/ports/limiter.js';
import type { RoomDirectory } from '#domain/ports/presence.js';
import type { SessionStore, Viewer } from '#domain/viewer.js';
import type { SharedSource } from '#fanout/delivery/shared-source.js';
import type { NodeStats } from '#fanout/hub-options.js';
import type { Retractions } from '#fanout/log/retractions.js';
import type { Deliverable, Delivered } from '#fanout/projection/delivered.js';
import type { Start } from '#fanout/start-position.js';
import { createRoomLoaders, type RoomLoaders } from './room-loaders.js';

/**
 * The part of the hub that resolvers use. A subscription field returns a source without iterating over it,
 * and the server's `subscribe` delivers from it (see SharedSource).
 */
export interface SubscriptionHub {
  /** Whether the room is open on this node. */
  isOpen(roomId: string): boolean;
  /** The head of a room that is open and up to date on this node. Undefined of any other room. */
  knownHead(roomId: string): Head | undefined;
  /**
   * Subscribes to a room's messages or events from `start` on, without gaps or duplicates. Returns the source at once
   * if the room is open and holds that position. Rejects with CURSOR_EXPIRED or SERVICE_UNAVAILABLE.
   */
  join<D extends Delivered>(
    roomId: string,
    start: Start,
    connectionId: string,
    delivers: D,
  ): SharedSource<Deliverable[D]> | Promise<SharedSource<Deliverable[D]>>;
  /**
   * Subscribes to a changing value, at most once per second.
   * Subscriptions with the same name share the value.
   */
  watch<Value>(name: string, read: () => Value): SharedSource<Value>;
  /** The same for the latest state of a room. After a retraction, no state from before it is delivered. */
  watchRoom<Value>(roomId: string, read: () => Value): SharedSource<Value>;
  /** The retractions that this node has seen. */
  readonly retractions: Retractions;
  /** Statistics of this node. */
  readonly stats: NodeStats;
}

/** What resolvers use. It is the same for every operation. */
export interface Services {
  eventLog: EventLog;
  directory: RoomDirectory;
  hub: SubscriptionHub;
  sessions: SessionStore;
  slowModes: SlowModes;
  limiter: RateLimiter;
  /** Whether guests may send. */
  allowGuests: boolean;
  /** Whether anyone may start a session. If false, only the platform may. */
  openSessions: boolean;
}

/** The context of one operation. */
export interface OperationContext extends Services {
  readonly rooms: RoomLoaders;
  /**
   * The signed-in user; null for a guest. A field below `messageAdded` that reads
   * it must be marked with `extensions: { viewerDependent: true }`. Otherwise
   * reading it throws, because each message is resolved once for many viewers.
   */
  readonly viewer: Viewer | null;
  /** The connection of the operation, as presence counts it. */
  connectionId: string;
  /** The network address of the client, as rate limits count it. Empty if it is unknown. */
  address: string;
  /**
   * The Last-Event-ID header of a reconnecting event stream. It comes from the client and can be any text.
   */
  lastEventId?: string | undefined;
  /** The messages that the operation has read so far. */
  reads: Message[] | undefined;
}

/** Creates the contexts of operations. */
export interface Contexts {
  forOperation(caller: {
    viewer: Viewer | null;
    connectionId: string;
    /** Omit if it is unknown. No rate limit counts the operation then. */
    address?: string;
    lastEventId?: string | undefined;
  }): OperationContext;
  /** The context of a broadcast that is executed once for many viewers. Reading `viewer` from it throws. */
  shared(): OperationContext;
  /**
   * A key for the viewer of an operation; empty for a guest.
   * Operations with the same key get the same results.
   */
  viewerKey(context: OperationContext): string;
  /** Returns a function that creates contexts for broadcasts to the viewer of the given operation. */
  forViewer(context: OperationContext): () => OperationContext;
}

/** Used for broadcasts, which go to many connections. */
const NO_CONNECTION = { connectionId: '', address: '', lastEventId: undefined, reads: undefined };

/** Creates contexts that give access to the services. */
export function createContexts(services: Services): Contexts {
  // The loaders do not cache, so all operations can share them and combine their requests of one turn.
  const rooms = createRoomLoaders(services);
  // Copying an object that already has all properties is fifty times faster than adding properties to a copy.
  const blank: OperationContext = { ...services, ...NO_CONNECTION, rooms, viewer: null };
  const forOperation: Contexts['forOperation'] = ({ viewer, connectionId, address = '', lastEventId }) =>
    Object.assign({ ...blank }, { viewer, connectionId, address, lastEventId });
  return {
    forOperation,
    shared: () => ({
      ...services,
      ...NO_CONNECTION,
      rooms,
      get viewer(): never {
        throw new Error(
          'This field reads the viewer, but its result is shared by many viewers. Mark it with `extensions: { viewerDependent: true }`.',
        );
      },
    }),
    viewerKey: ({ viewer }) => viewer?.user.id ?? '',
    forViewer:
      ({ viewer }) =>
      () =>
        forOperation({ viewer, ...NO_CONNECTION }),
  };
}
