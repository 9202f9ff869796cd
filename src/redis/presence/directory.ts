import type { Redis } from 'ioredis';
import type { RoomDirectory } from '#domain/ports/presence.js';
import { orUnavailable, unlessWrongType } from '#redis/client/errors.js';
import { connectionsKey, messagesKey, ROOMS_ACTIVE } from '#redis/client/keys.js';

const NOT_COUNTED = 'The rooms cannot be read at the moment. Please try again.';

/** Which rooms there are, and how full, from the sets of presence. `commands` should autopipeline. */
export function createDirectory(commands: Redis): RoomDirectory {
  function countConnections(roomId: string): Promise<number> {
    return unlessWrongType(commands.scard(connectionsKey(roomId)), () => 0);
  }

  /** The look at all rooms that is under way. All who ask in the meantime share it. */
  let listing: Promise<string[]> | undefined;

  async function listActiveRooms(): Promise<string[]> {
    const roomIds = await commands.smembers(ROOMS_ACTIVE);
    const rooms = await Promise.all(
      roomIds.map(async (id) => {
        const [connections, messages] = await Promise.all([
          countConnections(id),
          commands.exists(messagesKey(id)),
        ]);
        return { id, connections, messages };
      }),
    );
    return rooms
      .filter((room) => room.connections > 0 || room.messages > 0)
      .sort((a, b) => b.connections - a.connections || (a.id < b.id ? -1 : 1))
      .map((room) => room.id);
  }

  return {
    connectionCounts: (roomIds) =>
      orUnavailable(NOT_COUNTED, () => Promise.all(roomIds.map(countConnections))),

    activeRooms: (limit) =>
      orUnavailable(NOT_COUNTED, async () => {
        listing ??= listActiveRooms().finally(() => {
          listing = undefined;
        });
        return (await listing).slice(0, limit);
      }),
  };
}
