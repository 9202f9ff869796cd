import type { Redis } from 'ioredis';
import { connectionsKey, messagesKey, ROOMS_ACTIVE } from './keys.js';
import { changeSet } from './members.js';

/**
 * Removes the given rooms from rooms:active if they hold neither messages nor connections. A room that becomes
 * active at the same time stays in the set, or is added back. Throws Redis errors unchanged.
 */
export async function retireEmptyRooms(commands: Redis, roomIds: readonly string[]): Promise<void> {
  const empty = await findEmpty(commands, roomIds);
  if (empty.length === 0) return;
  await changeSet(commands, 'srem', ROOMS_ACTIVE, empty);
  // A room may have become active between the check and the removal, and then our removal undid its entry.
  const stillEmpty = new Set(await findEmpty(commands, empty));
  const active = empty.filter((roomId) => !stillEmpty.has(roomId));
  await changeSet(commands, 'sadd', ROOMS_ACTIVE, active);
}

async function findEmpty(commands: Redis, roomIds: readonly string[]): Promise<string[]> {
  const keyCounts = await Promise.all(
    roomIds.map(async (roomId) => {
      // Two commands, because the two keys are in different slots of a Cluster.
      const [messages, connections] = await Promise.all([
        commands.exists(messagesKey(roomId)),
        commands.exists(connectionsKey(roomId)),
      ]);
      return messages + connections;
    }),
  );
  return roomIds.filter((_, index) => keyCounts[index] === 0);
}
