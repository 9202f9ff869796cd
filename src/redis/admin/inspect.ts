import { type EntryId, millisecondsOf } from '#domain/cursor.js';
import { type Entry, isMessage } from '#domain/entry.js';
import { ChatError } from '#domain/errors.js';
import type { Message } from '#domain/message.js';
import { retireEmptyRooms, scanActiveRooms } from '#redis/client/active-rooms.js';
import { BoundedTop } from '#redis/client/bounded-top.js';
import type { Commands } from '#redis/client/commands.js';
import { eachOrUnavailable } from '#redis/client/errors.js';
import { connectionsKey, messagesKey, nodeKey, roomKey, slowModeKey } from '#redis/client/keys.js';
import { nodeOf, scanMembers } from '#redis/client/members.js';
import { createReadNewest, type Newest } from '#redis/client/read-newest.js';
import type { Servers } from '#redis/client/servers.js';

/** Decodes an entry of a room's list. Undefined if it is malformed or belongs to another room. */
export type Decode = (text: string, roomId: string) => Entry | undefined;

/** A room in a list. */
export interface RoomSummary {
  id: string;
  connections: number;
  messages: number;
  /** Measured by the clock of the Redis server that has the room. Null if the room has no messages. */
  lastMessageAgeMs: number | null;
}

/** The details of one room. */
export interface RoomDetails extends RoomSummary {
  /** Milliseconds until the messages expire if no new one arrives. Null if there are none. */
  expiresInMs: number | null;
  oldest: EntryId | null;
  newest: EntryId | null;
  /** 0 if slow mode is off. */
  slowModeSeconds: number;
  /** Nodes with connections in the room. The connections of a dead node are swept soon. */
  nodes: { id: string; connections: number; alive: boolean }[];
  /** The newest messages, oldest first. */
  latest: Message[];
}

/** A room whose shard is away. */
const NOT_READ = 'The room cannot be read right now.';

/**
 * Lists at most `limit` active rooms, those with most connections
 * first, and counts all of them. Leaves out rooms of a shard that is away. Throws other Redis errors unchanged.
 */
export async function listRooms(
  servers: Servers,
  { limit, decode }: { limit: number; decode: Decode },
): Promise<{ rooms: RoomSummary[]; total: number }> {
  const readNewest = createReadNewest(servers);
  const seen = new Set<string>();
  const top = new BoundedTop<RoomSummary>(
    limit,
    (a, b) => b.connections - a.connections || b.messages - a.messages || (a.id < b.id ? -1 : 1),
  );
  for await (const part of scanActiveRooms(servers)) {
    // A scan may return a room twice.
    const ids = part.filter((id) => !seen.has(id));
    for (const id of ids) seen.add(id);
    const newest = readNewest(ids, NOT_READ);
    const summaries = await eachOrUnavailable(
      NOT_READ,
      ids.map(async (id, index) => summarize(servers.commands, id, (await newest)[index]!, decode)),
    );
    for (const summary of summaries) if (!(summary instanceof ChatError)) top.add(summary);
  }
  return { rooms: top.sorted(), total: seen.size };
}

/**
 * Reads a room and its `latest` newest messages. Undefined if the room holds neither messages nor
 * connections. Throws Redis errors unchanged.
 */
export async function inspectRoom(
  servers: Servers,
  id: string,
  { latest, decode }: { latest: number; decode: Decode },
): Promise<RoomDetails | undefined> {
  const { commands } = servers;
  const key = messagesKey(id);
  const readNewest = createReadNewest(servers);
  const [summary, entries, tail, expiresInMs, slowMode] = await Promise.all([
    readNewest([id], NOT_READ).then(([newest]) => summarize(commands, id, newest!, decode)),
    latest > 0 ? commands.lrange(key, 0, latest - 1) : [],
    commands.lindex(key, -1),
    commands.pttl(key),
    commands.get(slowModeKey(id)),
  ]);
  if (summary.connections + summary.messages === 0) return undefined;
  const messages = entries
    .map((text) => decode(text, id))
    .filter((entry) => entry !== undefined && isMessage(entry))
    .reverse();
  return {
    ...summary,
    expiresInMs: expiresInMs < 0 ? null : expiresInMs,
    oldest: idOf(tail, id, decode),
    newest: idOf(await commands.lindex(key, 0), id, decode),
    slowModeSeconds: Number(slowMode ?? 0),
    nodes: await nodesOf(commands, id),
    latest: messages,
  };
}

/**
 * Deletes a room's entries and returns how many there were. The room's epoch is deleted too, so nodes discard
 * what they still hold: each live subscription gets CURSOR_EXPIRED once, with the next message or head check,
 * and then subscribes again. Throws Redis errors unchanged.
 */
export async function clearRoom(servers: Servers, id: string): Promise<number> {
  const { commands } = servers;
  const deleted = await commands.llen(messagesKey(id));
  await commands.del(messagesKey(id), roomKey(id));
  await retireEmptyRooms(servers, [id]);
  return deleted;
}

async function summarize(
  commands: Commands,
  id: string,
  newestEntry: Newest | ChatError,
  decode: Decode,
): Promise<RoomSummary> {
  if (newestEntry instanceof ChatError) throw newestEntry;
  const { text, now } = newestEntry;
  const [connections, messages] = await Promise.all([
    commands.scard(connectionsKey(id)),
    commands.llen(messagesKey(id)),
  ]);
  const newest = idOf(text ?? null, id, decode);
  return {
    id,
    connections,
    messages,
    lastMessageAgeMs: newest === null ? null : Math.max(0, now - millisecondsOf(newest)),
  };
}

async function nodesOf(commands: Commands, roomId: string): Promise<RoomDetails['nodes']> {
  const members = new Set<string>();
  for await (const part of scanMembers(commands, roomId)) for (const member of part) members.add(member);
  const counts = new Map<string, number>();
  for (const member of members) counts.set(nodeOf(member), (counts.get(nodeOf(member)) ?? 0) + 1);
  const nodes = [...counts].sort(([, a], [, b]) => b - a);
  return Promise.all(
    nodes.map(async ([id, connections]) => ({
      id,
      connections,
      alive: (await commands.exists(nodeKey(id))) > 0,
    })),
  );
}

function idOf(entry: string | null, roomId: string, decode: Decode): EntryId | null {
  return entry === null ? null : (decode(entry, roomId)?.id ?? null);
}
