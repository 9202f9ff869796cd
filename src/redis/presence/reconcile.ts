import type { Redis } from 'ioredis';
import { retireEmptyRooms, scanActiveRooms } from '#redis/client/active-rooms.js';
import { connectionsKey, ROOMS_ACTIVE } from '#redis/client/keys.js';
import { changeSet, memberOf, scanMembers } from '#redis/client/members.js';

/** A node's connections: for each room, how many times each connection joined it. */
export type HeldConnections = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A change to the connections of a node in a room. */
export interface ConnectionsChange {
  command: 'sadd' | 'srem';
  roomId: string;
  connectionIds: Iterable<string>;
}

/** Adds a node's connections to a room's set, or removes them. Throws Redis errors unchanged. */
export function changeConnections(
  commands: Redis,
  nodeId: string,
  { command, roomId, connectionIds }: ConnectionsChange,
): Promise<void> {
  const members = Array.from(connectionIds, (id) => memberOf(nodeId, id));
  return changeSet(commands, command, connectionsKey(roomId), members);
}

/** Adds all connections of a node to Redis. Throws Redis errors unchanged. */
export async function addAllConnections(
  commands: Redis,
  nodeId: string,
  held: HeldConnections,
): Promise<void> {
  const writes = [...held].map(([roomId, connections]) =>
    changeConnections(commands, nodeId, { command: 'sadd', roomId, connectionIds: connections.keys() }),
  );
  writes.push(changeSet(commands, 'sadd', ROOMS_ACTIVE, [...held.keys()]));
  await Promise.all(writes);
}

/**
 * Removes connections of a node that are in Redis but not in `held`. Reads
 * `held` just before each write, because it changes while this runs. Stops
 * early if `shouldStop` returns true. Throws Redis errors unchanged.
 */
export async function removeStrays(
  commands: Redis,
  nodeId: string,
  held: HeldConnections,
  shouldStop: () => boolean,
): Promise<void> {
  async function removeFrom(roomId: string): Promise<boolean> {
    let hadStrays = false;
    for await (const members of scanMembers(commands, roomId, nodeId)) {
      const ids = members.map((member) => member.slice(nodeId.length + 1));
      const strays = ids.filter((id) => !held.get(roomId)?.has(id));
      await changeConnections(commands, nodeId, { command: 'srem', roomId, connectionIds: strays });
      hadStrays ||= strays.length > 0;
    }
    return hadStrays;
  }

  for await (const roomIds of scanActiveRooms(commands)) {
    if (shouldStop()) return;
    const hadStrays = await Promise.all(roomIds.map(removeFrom));
    await retireEmptyRooms(
      commands,
      roomIds.filter((_, index) => hadStrays[index]),
    );
  }
}
