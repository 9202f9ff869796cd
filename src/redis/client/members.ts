import type { Commands } from './commands.js';
import { unlessWrongType } from './errors.js';
import { connectionsKey } from './keys.js';

/** Members that one command adds, removes or scans. Larger chunks would block Redis for too long. */
const CHUNK = 1_000;

/** A connection's entry in a room's set, which all nodes share. A connection id contains no colon. */
export function memberOf(nodeId: string, connectionId: string): string {
  return `${nodeId}:${connectionId}`;
}

/** The node that a member belongs to, or an empty string if the member is not in our format. */
export function nodeOf(member: string): string {
  return member.slice(0, Math.max(member.lastIndexOf(':'), 0));
}

/**
 * Yields a room's members in chunks, of one node or of all.
 * May repeat a member. Throws Redis errors unchanged.
 */
export async function* scanMembers(
  commands: Commands,
  roomId: string,
  nodeId?: string,
): AsyncGenerator<string[]> {
  const key = connectionsKey(roomId);
  const pattern = nodeId === undefined ? '*' : `${nodeId.replace(/[\\*?[\]]/g, '\\$&')}:*`;
  let cursor = '0';
  do {
    const scanned = commands.sscan(key, cursor, 'MATCH', pattern, 'COUNT', CHUNK);
    const [next, members] = await unlessWrongType(scanned, () => ['0', []]);
    cursor = next;
    if (members.length > 0) yield members;
  } while (cursor !== '0');
}

/** Adds members to a set or removes them. Ignores a key that is not a set. Throws Redis errors unchanged. */
export async function changeSet(
  commands: Commands,
  change: 'sadd' | 'srem',
  key: string,
  members: readonly string[],
): Promise<void> {
  if (members.length === 0) return;
  const send = (part: string[]) => unlessWrongType(commands[change](key, part), () => 0);
  if (members.length <= CHUNK) await send([...members]);
  else await Promise.all(chunks(members, CHUNK).map(send));
}

/** Splits values into chunks of at most `size`. */
export function chunks<T>(values: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let index = 0; index < values.length; index += size) parts.push(values.slice(index, index + size));
  return parts;
}
