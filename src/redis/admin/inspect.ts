import type { Redis } from 'ioredis';
import { type Message, type MessageId, millisecondsOf } from '#domain/message.js';
import { retireEmptyRooms, scanActiveRooms } from '#redis/client/active-rooms.js';
import { BoundedTop } from '#redis/client/bounded-top.js';
import { connectionsKey, messagesKey, nodeKey, slowModeKey } from '#redis/client/keys.js';
import { nodeOf, scanMembers } from '#redis/client/members.js';

/** Reads an entry of a room's list; undefined if it is not a message of that room. */
export type Decode = (entry: string, roomId: string) => Message | undefined;

/** A room in a list of them. */
export interface RoomSummary {
  id: string;
  connections: number;
  messages: number;
  /** By Redis' clock; null where there is none. */
  lastMessageAgeMs: number | null;
}

/** A room, looked into. */
export interface RoomSurvey extends RoomSummary {
  /** Until the messages go, where nothing new comes; null where there are none. */
  expiresInMs: number | null;
  oldest: MessageId | null;
  newest: MessageId | null;
  slowModeSeconds: number;
  /** The nodes with connections in the room. One that is not alive is swept soon. */
  nodes: { id: string; connections: number; alive: boolean }[];
  /** The newest messages, oldest first. */
  latest: Message[];
}

/**
 * The first `limit` active rooms, most connections first, then most messages, and how many there are in all.
 * Throws what Redis gives.
 */
export async function listRooms(
  commands: Redis,
  { limit, decode }: { limit: number; decode: Decode },
): Promise<{ rooms: RoomSummary[]; total: number }> {
  const now = await redisTime(commands);
  const seen = new Set<string>();
  const top = new BoundedTop<RoomSummary>(
    limit,
    (a, b) => b.connections - a.connections || b.messages - a.messages || (a.id < b.id ? -1 : 1),
  );
  for await (const part of scanActiveRooms(commands)) {
    // A scan may give a room twice.
    const ids = part.filter((id) => !seen.has(id));
    for (const id of ids) seen.add(id);
    const summaries = await Promise.all(ids.map((id) => summarise(commands, id, now, decode)));
    for (const summary of summaries) top.add(summary);
  }
  return { rooms: top.sorted(), total: seen.size };
}

/** A room with its newest messages; undefined where nothing is known of it. Throws what Redis gives. */
export async function surveyRoom(
  commands: Redis,
  id: string,
  { latest, decode }: { latest: number; decode: Decode },
): Promise<RoomSurvey | undefined> {
  const key = messagesKey(id);
  const [summary, entries, tail, expiresInMs, slowMode] = await Promise.all([
    redisTime(commands).then((now) => summarise(commands, id, now, decode)),
    latest > 0 ? commands.lrange(key, 0, latest - 1) : [],
    commands.lindex(key, -1),
    commands.pttl(key),
    commands.get(slowModeKey(id)),
  ]);
  if (summary.connections + summary.messages === 0) return undefined;
  const messages = entries.flatMap((entry) => decode(entry, id) ?? []).reverse();
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
 * Forgets a room's messages; gives how many they were. Its viewers are told CURSOR_EXPIRED with the next one, as
 * of any loss, and join anew. Throws what Redis gives.
 */
export async function clearRoom(commands: Redis, id: string): Promise<number> {
  const held = await commands.llen(messagesKey(id));
  await commands.del(messagesKey(id));
  await retireEmptyRooms(commands, [id]);
  return held;
}

async function summarise(commands: Redis, id: string, now: number, decode: Decode): Promise<RoomSummary> {
  const [connections, messages, head] = await Promise.all([
    commands.scard(connectionsKey(id)),
    commands.llen(messagesKey(id)),
    commands.lindex(messagesKey(id), 0),
  ]);
  const newest = idOf(head, id, decode);
  return {
    id,
    connections,
    messages,
    lastMessageAgeMs: newest === null ? null : Math.max(0, now - millisecondsOf(newest)),
  };
}

async function nodesOf(commands: Redis, roomId: string): Promise<RoomSurvey['nodes']> {
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

function idOf(entry: string | null, roomId: string, decode: Decode): MessageId | null {
  return entry === null ? null : (decode(entry, roomId)?.id ?? null);
}

async function redisTime(commands: Redis): Promise<number> {
  const [seconds, microseconds] = await commands.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
