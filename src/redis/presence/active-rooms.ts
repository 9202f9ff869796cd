import type { Redis } from 'ioredis';
import type { Cache } from '#domain/ports/cache.js';
import type { ChatRepository } from '#domain/ports/event-log.js';
import { orUnavailable } from '#redis/client/errors.js';
import { listActiveRooms } from './list-active-rooms.js';

const NOT_LISTED = 'The rooms cannot be read at the moment. Please try again.';

export interface ActiveRoomsOptions {
  commands: Redis;
  cache: Cache;
  /** Rooms in the longest list that can be asked for. */
  mostRooms: number;
}

/**
 * The active rooms, as the port says. One node lists them for all nodes about once a second, if somebody asks.
 */
export function createActiveRooms({
  commands,
  cache,
  mostRooms,
}: ActiveRoomsOptions): ChatRepository['activeRooms'] {
  const list = cache.value({
    // Nodes with another limit do not share their list with this one: it might be too short.
    name: `active-rooms:${mostRooms}`,
    load: (signal) => listActiveRooms(commands, { limit: mostRooms, signal }),
    parse: (stored) => (isRoomIds(stored) ? stored : undefined),
  });
  return (limit) => orUnavailable(NOT_LISTED, async () => (await list.read()).slice(0, limit));
}

function isRoomIds(stored: unknown): stored is string[] {
  return Array.isArray(stored) && stored.every((id) => typeof id === 'string');
}
