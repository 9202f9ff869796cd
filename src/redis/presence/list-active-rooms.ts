import { scanActiveRooms } from '#redis/client/active-rooms.js';
import { BoundedTop } from '#redis/client/bounded-top.js';
import { eachOrUnavailable } from '#redis/client/errors.js';
import { messagesKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import { createCountConnections } from './count-connections.js';

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
 * rooms that are on a shard of a Cluster that is away, or listed there. Throws SERVICE_UNAVAILABLE if Redis is away, and
 * other Redis errors unchanged.
 */
export async function listActiveRooms(
  servers: Servers,
  { limit, signal }: { limit: number; signal?: AbortSignal },
): Promise<string[]> {
  const { commands } = servers;
  const countConnections = createCountConnections(servers);
  const top = new BoundedTop(limit, compare);
  /** Rooms without connections that would be listed if they hold messages. Checked with the next batch. */
  let silent: Candidate[] = [];

  async function examine(roomIds: readonly string[]): Promise<void> {
    const [counts, lists] = await Promise.all([
      countConnections(roomIds),
      eachOrUnavailable(
        'The rooms cannot be read right now.',
        silent.map(({ id }) => commands.exists(messagesKey(id))),
      ),
    ]);
    for (const [index, room] of silent.entries()) if (lists[index] === 1) top.add(room);
    silent = [];
    for (const [index, id] of roomIds.entries()) {
      const connections = counts[index]!;
      // Its shard is away.
      if (connections instanceof Error) continue;
      const room = { id, connections };
      if (connections > 0) top.add(room);
      else silent.push(room);
    }
    silent = silent.filter((room) => top.accepts(room));
  }

  for await (const roomIds of scanActiveRooms(servers)) {
    if (signal?.aborted) break;
    await examine(roomIds);
  }
  await examine([]);
  return top.sorted().map(({ id }) => id);
}
