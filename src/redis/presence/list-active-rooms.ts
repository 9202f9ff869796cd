import type { Redis } from 'ioredis';
import { scanActiveRooms } from '#redis/client/active-rooms.js';
import { BoundedTop } from '#redis/client/bounded-top.js';
import { isReply } from '#redis/client/errors.js';
import { connectionsKey, messagesKey } from '#redis/client/keys.js';

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
 * nor Redis is blocked for longer than one batch. If the signal is aborted, returns the rooms found so far.
 * Throws Redis errors unchanged.
 */
export async function listActiveRooms(
  commands: Redis,
  { limit, signal }: { limit: number; signal?: AbortSignal },
): Promise<string[]> {
  const top = new BoundedTop(limit, compare);
  /** Rooms without connections that would be listed if they hold messages. Checked with the next batch. */
  let silent: Candidate[] = [];

  async function examine(roomIds: readonly string[]): Promise<void> {
    const replies = await numbersOf(commands, [
      ...roomIds.map((id) => ['scard', connectionsKey(id)]),
      ...silent.map(({ id }) => ['exists', messagesKey(id)]),
    ]);
    const candidates = roomIds.map((id, index) => ({ id, connections: replies[index]! }));
    for (const room of candidates) if (room.connections > 0) top.add(room);
    for (const [index, room] of silent.entries()) if (replies[roomIds.length + index]! > 0) top.add(room);
    silent = candidates.filter((room) => room.connections === 0 && top.accepts(room));
  }

  for await (const roomIds of scanActiveRooms(commands)) {
    if (signal?.aborted) break;
    await examine(roomIds);
  }
  await examine([]);
  return top.sorted().map(({ id }) => id);
}

/**
 * The numeric replies to these commands, in one round trip. A key of the wrong type, made by hand, gives 0.
 */
async function numbersOf(commands: Redis, queries: string[][]): Promise<number[]> {
  if (queries.length === 0) return [];
  const replies = await commands.pipeline(queries).exec();
  if (!replies) throw new Error('The pipeline was aborted.');
  return replies.map(([error, reply]) => {
    if (error === null) return Number(reply);
    if (isReply(error) && error.message.startsWith('WRONGTYPE')) return 0;
    throw error;
  });
}
