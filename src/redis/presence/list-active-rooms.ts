import { scanActiveRooms } from '#redis/client/active-rooms.js';
import { BoundedTop } from '#redis/client/bounded-top.js';
import { isAway, isReply } from '#redis/client/errors.js';
import { connectionsKey, messagesKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';

/** A room and how many connections it has. */
interface Candidate {
  id: string;
  connections: number;
}

/** Most connections first, then by id. */
function compare(a: Candidate, b: Candidate): number {
  return b.connections - a.connections || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * The first `limit` rooms that hold messages or connections: most connections first, then by id. Scans all
 * rooms in batches. Its time grows with the number of rooms, but its memory does not, and neither this node
 * nor Redis is blocked for longer than one batch. If the signal is aborted, returns the rooms found so far. Leaves out
 * rooms that are on a shard of a Cluster that is away, or listed there. Throws other Redis errors unchanged.
 */
export async function listActiveRooms(
  servers: Servers,
  { limit, signal }: { limit: number; signal?: AbortSignal },
): Promise<string[]> {
  const { commands } = servers;
  const top = new BoundedTop(limit, compare);
  /** Rooms without connections that would be listed if they hold messages. Checked with the next batch. */
  let silent: Candidate[] = [];

  async function examine(roomIds: readonly string[]): Promise<void> {
    // The commands of one turn share a round trip.
    const replies = await Promise.all([
      ...roomIds.map((id) => commands.scard(connectionsKey(id)).catch(zeroIfUnknown)),
      ...silent.map(({ id }) => commands.exists(messagesKey(id)).catch(zeroIfUnknown)),
    ]);
    const candidates = roomIds.map((id, index) => ({ id, connections: replies[index]! }));
    for (const room of candidates) if (room.connections > 0) top.add(room);
    for (const [index, room] of silent.entries()) if (replies[roomIds.length + index]! > 0) top.add(room);
    silent = candidates.filter((room) => room.connections === 0 && top.accepts(room));
  }

  /** A key of the wrong type, made by hand, and the room of a shard that is away count as empty. */
  function zeroIfUnknown(error: unknown): number {
    if (error instanceof Error && isReply(error) && error.message.startsWith('WRONGTYPE')) return 0;
    if (servers.isCluster && isAway(error)) return 0;
    throw error;
  }

  for await (const roomIds of scanActiveRooms(servers)) {
    if (signal?.aborted) break;
    await examine(roomIds);
  }
  await examine([]);
  return top.sorted().map(({ id }) => id);
}
