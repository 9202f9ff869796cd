import type { Redis } from 'ioredis';
import { unlessWrongType } from './errors.js';
import { connectionsKey } from './keys.js';

/** How many members one command adds, removes or scans: enough to be few, too few to hold Redis up. */
const CHUNK = 1_000;

/** A connection as it stands in a room's set, among those of all nodes. A connection's id has no colon. */
export function memberOf(nodeId: string, connectionId: string): string {
  return `${nodeId}:${connectionId}`;
}

/** The node that a member belongs to; empty where the member is not one of ours. */
export function nodeOf(member: string): string {
  return member.slice(0, Math.max(member.lastIndexOf(':'), 0));
}

/** A room's members, of one node or of all, in parts; a member may come twice. Throws what Redis gives. */
export async function* scanMembers(
  commands: Redis,
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

/** Adds members to a set, or removes them; a key that is no set is left alone. Throws what Redis gives. */
export async function changeSet(
  commands: Redis,
  change: 'sadd' | 'srem',
  key: string,
  members: readonly string[],
): Promise<void> {
  await Promise.all(
    chunks(members, CHUNK).map((part) => unlessWrongType(commands[change](key, part), () => 0)),
  );
}

/** The values in parts of `size` at most. */
export function chunks<T>(values: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let index = 0; index < values.length; index += size) parts.push(values.slice(index, index + size));
  return parts;
}
