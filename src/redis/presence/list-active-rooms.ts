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
 * The first `limit` rooms that hold messages or connections: most connections first, then by id. Looks at all
 * rooms, part by part, so its cost grows with their number, but its memory does not, and neither this node nor
 * Redis is held up for more than one part. Ends early, with what it has, if the signal is aborted. Throws what
 * Redis gives as an error.
 */
export async function listActiveRooms(
  commands: Redis,
  { limit, signal }: { limit: number; signal?: AbortSignal },
): Promise<string[]> {
  const top = new BoundedTop(limit, compare);
  if (limit === 0) return [];
  for await (const roomIds of scanActiveRooms(commands)) {
    if (signal?.aborted) break;
    const counts = await askEach(commands, 'scard', roomIds.map(connectionsKey));
    const candidates = roomIds.map((id, index) => ({ id, connections: counts[index]! }));
    for (const room of candidates) if (room.connections > 0) top.add(room);
    // Only a room without connections that would still be listed has to be asked for messages.
    const silent = candidates.filter((room) => room.connections === 0 && top.accepts(room));
    const held = await askEach(
      commands,
      'exists',
      silent.map(({ id }) => messagesKey(id)),
    );
    for (const [index, room] of silent.entries()) if (held[index]! > 0) top.add(room);
  }
  return top.sorted().map(({ id }) => id);
}

/** Asks the same of each key, in one pipeline. A key of another type counts as 0: it was put there by hand. */
async function askEach(
  commands: Redis,
  command: 'scard' | 'exists',
  keys: readonly string[],
): Promise<number[]> {
  if (keys.length === 0) return [];
  const replies = await commands.pipeline(keys.map((key) => [command, key])).exec();
  if (!replies) throw new Error('The pipeline was aborted.');
  return replies.map(([error, reply]) => {
    if (error === null) return Number(reply);
    if (isReply(error) && error.message.startsWith('WRONGTYPE')) return 0;
    throw error;
  });
}
