import type { Redis } from 'ioredis';
import { millisecondsOf } from '#domain/cursor.js';
import { type Entry, isMessage } from '#domain/entry.js';
import { cursorExpired } from '#domain/errors.js';
import type { Message } from '#domain/message.js';
import type { EventLog, Head } from '#domain/ports/event-log.js';
import type { RedisHooks } from '#redis/client/connections.js';
import { orUnavailable, unlessWrongType } from '#redis/client/errors.js';
import { messagesKey, ROOMS_ACTIVE, roomKey } from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';
import { createAppend, type Replication, type SendPolicy } from './append.js';
import { decodeEntry, opaqueInPlaceOf } from './codec.js';
import { createReadPage, type ReadOptions } from './read-page.js';

/** What the log is made of. */
export interface EventLogOptions {
  /** With autopipelining: commands of one turn of the event loop are one round trip. */
  commands: Redis;
  /** The connection that sends are written over; `commands` if not given. */
  writer?: Redis;
  /**
   * If given, a send is acknowledged only once this many replicas have it. With fewer in time it throws
   * SERVICE_UNAVAILABLE: it is stored, and the same nonce asks again whether it is safe.
   */
  replication?: Replication;
  /** The limits on sends; only a room's slow mode applies if not given. */
  sendPolicy?: SendPolicy;
  /** Entries that a room keeps at most. */
  historyLimit: number;
  /** Seconds that an entry is kept. */
  ttlSeconds: number;
  hooks?: RedisHooks;
}

const NOT_READ = 'The messages cannot be read at the moment. Please try again.';
const NOT_SENT = 'The message may not have been sent. Please try again; the same nonce sends it only once.';

/** The logs of all rooms, in the lists and hashes of Redis. */
export function createEventLog(options: EventLogOptions): EventLog {
  const { commands, historyLimit, hooks = {} } = options;
  const ttlMs = options.ttlSeconds * 1_000;
  const append = createAppend(options.writer ?? commands, {
    retention: { historyLimit, ttlMs },
    replication: options.replication,
    policy: options.sendPolicy,
  });
  const readPage = createReadPage(commands, { ttlMs });
  const readHead = loadScript(commands, 'room-log/lua/read-head-2.lua');

  /** Decodes what is listed. What is malformed is reported, and keeps its place. */
  function decode(text: string, roomId: string): Entry {
    const entry = decodeEntry(text, roomId);
    if (entry !== undefined) return entry;
    hooks.onMalformed?.('list', roomId);
    return opaqueInPlaceOf(text);
  }

  /** Reads a page and decodes it. Throws CURSOR_EXPIRED. */
  async function read(roomId: string, window: Parameters<EventLog['page']>[1], how?: ReadOptions) {
    const page = await readPage(roomId, window, how);
    if (!page) throw cursorExpired(window.after ?? '');
    return { ...page, entries: page.entries.map((text) => decode(text, roomId)) };
  }

  async function headOf(roomId: string): Promise<Head> {
    const reply = await readHead([messagesKey(roomId), roomKey(roomId)], []);
    const [epoch, head, now] = reply as [string, string, string];
    return { epoch, head, now: Number(now) };
  }

  /** A key of another type may spoil its own room, not those that are read together with it. */
  const orNull = <T>(roomId: string, answer: Promise<T>): Promise<T | null> =>
    unlessWrongType(answer, () => {
      hooks.onMalformed?.('list', roomId);
      return null;
    });

  /** The newest message, looked for behind an entry that is none. */
  async function lastBehindHead(roomId: string): Promise<Message | null> {
    const { entries } = await read(roomId, { take: { last: 1 } }, { messagesOnly: true });
    return entries.find(isMessage) ?? null;
  }

  return {
    append: (draft, sender) =>
      orUnavailable(NOT_SENT, async () => {
        const stored = await append(draft, sender);
        // rooms:active lies in another slot than the list, hence not in the script. It is marked afterwards,
        // since a send that a limit refuses must leave nothing behind, and not waited for, since the message
        // counts as sent without it: the next message or subscription marks the room again.
        commands.sadd(ROOMS_ACTIVE, draft.roomId).catch((error) => hooks.onError?.(ROOMS_ACTIVE, error));
        const message = decodeEntry(stored, draft.roomId);
        if (message && isMessage(message)) return message;
        throw new Error(`The store returned no message for room ${draft.roomId}`);
      }),

    page: (roomId, window) => orUnavailable(NOT_READ, () => read(roomId, window)),

    messages: (roomId, window) =>
      orUnavailable(NOT_READ, async () => {
        const { entries, hasOlder, hasNewer, head } = await read(roomId, window, { messagesOnly: true });
        return { messages: entries.filter(isMessage), hasOlder, hasNewer, head };
      }),

    heads: (roomIds) =>
      orUnavailable(NOT_READ, () => Promise.all(roomIds.map((roomId) => orNull(roomId, headOf(roomId))))),

    lastMessages: (roomIds) =>
      orUnavailable(NOT_READ, async () => {
        if (roomIds.length === 0) return [];
        const newest = roomIds.map((roomId) => orNull(roomId, commands.lindex(messagesKey(roomId), 0)));
        const [[seconds], texts] = await Promise.all([commands.time(), Promise.all(newest)]);
        const oldestMs = Number(seconds) * 1_000 - ttlMs;
        return Promise.all(
          roomIds.map((roomId, index) => {
            const text = texts[index];
            if (typeof text !== 'string') return null;
            const entry = decodeEntry(text, roomId);
            if (!entry || !isMessage(entry)) return lastBehindHead(roomId);
            return millisecondsOf(entry.id) < oldestMs ? null : entry;
          }),
        );
      }),
  };
}
