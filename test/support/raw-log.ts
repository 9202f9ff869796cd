/** Changes a room's log in Redis as other versions of the server do. */
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { OpaqueEntry } from '#domain/entry.js';
import type { Message } from '#domain/message.js';
import { addressLimitKey, messagesKey, roomKey, slowModeKey, userLimitKey } from '#redis/client/keys.js';

const PREVIOUS = readFileSync(new URL('./previous/send-message.lua', import.meta.url), 'utf8');

/** How long the appended entries are kept, in seconds. */
export interface Limits {
  historyLimit: number;
  ttlMs: number;
}

/** Appends a message with the script of the version before epochs, which knows only the list. */
export async function appendAsBefore(
  redis: Redis,
  roomId: string,
  { historyLimit, ttlMs }: Limits,
): Promise<Message> {
  const author = { id: 'guest:Ann', name: 'Ann' };
  const body = JSON.stringify({ roomId, author, content: 'as before' }).slice(1);
  const keys = [
    messagesKey(roomId),
    slowModeKey(roomId),
    userLimitKey(roomId, author.id),
    // With the room's id it is in the slot of the others, as a Cluster requires.
    addressLimitKey('192.0.2.1', roomId),
  ];
  const args = [body, historyLimit, ttlMs, 300_000, 0, 0, 0, 0, 0];
  return JSON.parse(String(await redis.eval(PREVIOUS, keys.length, ...keys, ...args)));
}

/** Appends an entry of a kind that this version does not know, as a later version does. */
export async function appendOpaque(
  redis: Redis,
  roomId: string,
  { kind = 'pinned', publish = true, publishCommand = 'publish' as 'publish' | 'spublish' } = {},
): Promise<OpaqueEntry> {
  const [list, room] = [messagesKey(roomId), roomKey(roomId)];
  const last = (await redis.hget(room, 'last')) ?? '0';
  const [seconds, microseconds] = await redis.time();
  const ms = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  const [lastMs = 0, lastSequence = 0] = last.split('-').map(Number);
  const id = lastMs >= ms ? `${lastMs}-${lastSequence + 1}` : `${ms}-0`;
  const text = JSON.stringify({ id, prev: last, kind, ids: ['1-0'], by: { id: 'mod', name: 'Mod' } });
  const epoch = (await redis.hget(room, 'epoch')) ?? 'of a later version';
  const fields = (await redis.llen(list)) === 0 ? { began: last } : {};
  const all = redis
    .multi()
    .lpush(list, text)
    .hset(room, { epoch, last: id, ...fields });
  await (publish ? all[publishCommand](list, text) : all).exec();
  return { id, prev: last, kind };
}
