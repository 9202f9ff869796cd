import type { Redis } from 'ioredis';
import { connectionsKey, messagesKey, ROOMS_ACTIVE } from './keys.js';
import { changeSet } from './members.js';

/**
 * Takes those of the rooms out of rooms:active that hold neither messages nor connections. A room that
 * comes alive meanwhile stays, or is put back. Throws what Redis gives as an error.
 */
export async function retireEmptyRooms(commands: Redis, roomIds: readonly string[]): Promise<void> {
  const empty = await withoutAnything(commands, roomIds);
  if (empty.length === 0) return;
  await changeSet(commands, 'srem', ROOMS_ACTIVE, empty);
  // Whoever filled a room between the look and the removal marked it before it was removed: look again.
  const stillEmpty = new Set(await withoutAnything(commands, empty));
  const alive = empty.filter((roomId) => !stillEmpty.has(roomId));
  await changeSet(commands, 'sadd', ROOMS_ACTIVE, alive);
}

async function withoutAnything(commands: Redis, roomIds: readonly string[]): Promise<string[]> {
  const held = await Promise.all(
    roomIds.map(async (roomId) => {
      // Two commands, since the two keys lie in different slots of a Cluster.
      const [messages, connections] = await Promise.all([
        commands.exists(messagesKey(roomId)),
        commands.exists(connectionsKey(roomId)),
      ]);
      return messages + connections;
    }),
  );
  return roomIds.filter((_, index) => held[index] === 0);
}
