import type { Message } from '#domain/message.js';
import type { ChatRepository } from '#domain/ports/event-log.js';
import type { RateLimiter, SlowModes } from '#domain/ports/limiter.js';
import type { SessionStore, Viewer } from '#domain/viewer.js';
import type { NodeStats, Start } from '#fanout/hub.js';
import { createRoomLoaders, type RoomLoaders } from './room-loaders.js';

/** The part of the hub that a resolver uses. */
export interface Joinable {
  /** Takes a place in a room: its messages from `start` on, without a gap and without a double. */
  join(roomId: string, start: Start, connectionId: string): Promise<AsyncIterable<Message>>;
  /** Follows a value that changes, by a name of its own: at most one a second, the same for all. */
  watch<Value>(name: string, read: () => Value): AsyncIterable<Value>;
  /** What this node is doing. */
  readonly stats: NodeStats;
}

/** What the resolvers work with, the same for every operation. */
export interface Services {
  repository: ChatRepository;
  hub: Joinable;
  sessions: SessionStore;
  slowModes: SlowModes;
  limiter: RateLimiter;
  /** Whether a caller without a session may send. */
  allowGuests: boolean;
  /** Whether anybody may start a session; otherwise the platform alone does. */
  openSessions: boolean;
}

/** The context of one operation. */
export interface OperationContext extends Services {
  readonly rooms: RoomLoaders;
  /**
   * Who asks; null for a guest. A field below `messageAdded` that reads it must be marked with
   * `extensions: { viewerDependent: true }`, or it throws: messages are resolved once for many viewers.
   */
  readonly viewer: Viewer | null;
  /** The connection that the operation came over, as presence counts it. */
  connectionId: string;
  /** The network address that it came from, as limits count it. */
  address: string;
  /** The last event that a reconnecting event stream has seen. Sent by the client, so it can be any text. */
  lastEventId?: string | undefined;
}

/** Makes the contexts of operations. */
export interface Contexts {
  forOperation(caller: {
    viewer: Viewer | null;
    connectionId: string;
    /** Empty where it is not known: then no limit counts it. */
    address?: string;
    lastEventId?: string | undefined;
  }): OperationContext;
  /** What a broadcast is executed with, once for many viewers: reading the viewer from it throws. */
  shared(): OperationContext;
  /** Who an operation's viewer is, as a key: operations with the same one see the same; empty for a guest. */
  viewerOf(context: OperationContext): string;
  /** Makes the contexts of a broadcast to all operations of one viewer. */
  forViewer(context: OperationContext): () => OperationContext;
}

/** A broadcast goes to many connections. */
const NO_CONNECTION = { connectionId: '', address: '', lastEventId: undefined };

/** Binds the contexts to the services they give access to. */
export function createContexts(services: Services): Contexts {
  // The loaders keep nothing, so that all operations share them, and what they ask in one turn is one call.
  const rooms = createRoomLoaders(services.repository, services.slowModes);
  // A copy that has all its properties from the start is made fifty times faster than one that gains some.
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
          'This field reads the viewer, but is resolved once for many of them: mark it with `extensions: { viewerDependent: true }`.',
        );
      },
    }),
    viewerOf: ({ viewer }) => viewer?.user.id ?? '',
    forViewer:
      ({ viewer }) =>
      () =>
        forOperation({ viewer, ...NO_CONNECTION }),
  };
}
