import type { Cache } from '#domain/ports/cache.js';
import type { RoomDirectory } from '#domain/ports/presence.js';
import { orUnavailable, unlessAllAway } from '#redis/client/errors.js';
import type { Servers } from '#redis/client/servers.js';
import { createCountConnections } from './count-connections.js';
import { listActiveRooms } from './list-active-rooms.js';

const UNAVAILABLE = 'The rooms cannot be read right now. Try again shortly.';

/** Settings of `createDirectory`. */
export interface DirectoryOptions {
  servers: Servers;
  cache: Cache;
  /** The number of rooms in the longest list that can be requested. */
  maxRooms: number;
}

/**
 * The directory of rooms. One node lists the active rooms for all nodes, about once a second, if anyone asks.
 */
export function createDirectory({ servers, cache, maxRooms }: DirectoryOptions): RoomDirectory {
  const countConnections = createCountConnections(servers);
  const activeRooms = cache.value({
    // Nodes with a different limit must not share this list, which could be too short for them.
    name: `active-rooms:${maxRooms}`,
    load: (signal) => listActiveRooms(servers, { limit: maxRooms, signal }),
    parse: (stored) => (isRoomIds(stored) ? stored : undefined),
  });

  return {
    connectionCounts: async (roomIds) => unlessAllAway(await countConnections(roomIds)),

    activeRooms: (limit) =>
      orUnavailable(UNAVAILABLE, async () => (await activeRooms.read()).slice(0, limit)),
  };
}

function isRoomIds(stored: unknown): stored is string[] {
  return Array.isArray(stored) && stored.every((id) => typeof id === 'string');
}
