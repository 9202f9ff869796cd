import type { Redis } from 'ioredis';
import { retireEmptyRooms, scanActiveRooms } from '#redis/client/active-rooms.js';
import { connectionsKey, ROOMS_ACTIVE } from '#redis/client/keys.js';
import { changeSet, memberOf, scanMembers } from '#redis/client/members.js';

/** The connections that a node holds: for each room, how often each of them joined. */
export type Held = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Adds a node's connections to a room's set, or takes them out. Throws what Redis gives as an error. */
export function changeConnections(
  commands: Redis,
  nodeId: string,
  change: 'sadd' | 'srem',
  roomId: string,
  connectionIds: Iterable<string>,
): Promise<void> {
  const members = Array.from(connectionIds, (id) => memberOf(nodeId, id));
  return changeSet(commands, change, connectionsKey(roomId), members);
}

/** Puts all that a node holds into Redis. Throws what Redis gives as an error. */
export async function announce(commands: Redis, nodeId: string, held: Held): Promise<void> {
  const writes = [...held].map(([roomId, connections]) =>
    changeConnections(commands, nodeId, 'sadd', roomId, connections.keys()),
  );
  writes.push(changeSet(commands, 'sadd', ROOMS_ACTIVE, [...held.keys()]));
  await Promise.all(writes);
}

/**
 * Takes out what Redis holds under a node's name and the node does not hold. What it holds is looked at in
 * the moment of writing, since it changes meanwhile. Ends early where `isOver` says so. Throws what Redis
 * gives as an error.
 */
export async function removeStrays(
  commands: Redis,
  nodeId: string,
  held: Held,
  isOver: () => boolean,
): Promise<void> {
  async function removeFrom(roomId: string): Promise<boolean> {
    let hadStrays = false;
    for await (const members of scanMembers(commands, roomId, nodeId)) {
      const ids = members.map((member) => member.slice(nodeId.length + 1));
      const strays = ids.filter((id) => !held.get(roomId)?.has(id));
      await changeConnections(commands, nodeId, 'srem', roomId, strays);
      hadStrays ||= strays.length > 0;
    }
    return hadStrays;
  }

  for await (const roomIds of scanActiveRooms(commands)) {
    if (isOver()) return;
    const hadStrays = await Promise.all(roomIds.map(removeFrom));
    await retireEmptyRooms(
      commands,
      roomIds.filter((_, index) => hadStrays[index]),
    );
  }
}
