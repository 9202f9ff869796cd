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
import { createRetract } from './retract.js';

/** Settings of `createEventLog`. */
export interface EventLogOptions {
  /** Must have autopipelining enabled, so that commands of one event-loop turn share a round trip. */
  commands: Redis;
  /** The connection for sends. Defaults to `commands`. */
  writer?: Redis;
  /**
   * If given, a send is acknowledged only once this many replicas have it. If
   * they do not have it in time, the send throws SERVICE_UNAVAILABLE. The message
   * is stored then, and sending it again with the same nonce checks again.
   */
  replication?: Replication;
  /** Limits on sends. If not given, only the slow mode of rooms applies. */
  sendPolicy?: SendPolicy;
  /** The maximum number of entries in a room. */
  historyLimit: number;
  /** How long an entry is kept, in seconds. */
  ttlSeconds: number;
  hooks?: RedisHooks;
}

const NOT_READ = 'The messages cannot be read right now. Try again shortly.';
const NOT_RETRACTED = 'The messages may not have been retracted. It is safe to try again.';
const NOT_SENT =
  'The message may not have been sent. Try again with the same nonce, so that it is sent only once.';

/** The logs of all rooms. Each room is a list of entries and a hash in Redis. */
export function createEventLog(options: EventLogOptions): EventLog {
  const { commands, historyLimit, hooks = {} } = options;
  const ttlMs = options.ttlSeconds * 1_000;
  const writer = options.writer ?? commands;
  const stored = { retention: { historyLimit, ttlMs }, replication: options.replication };
  const append = createAppend(writer, { ...stored, policy: options.sendPolicy });
  const retract = createRetract(writer, stored);
  const readPage = createReadPage(commands, { ttlMs });
  const readHead = loadScript(commands, 'room-log/lua/read-head-2.lua');

  /** Decodes an entry of the list. A malformed one is reported and becomes an opaque entry. */
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

  /** A key of the wrong type may break its own room, but not the other rooms in the same batch. */
  const orNull = <T>(roomId: string, answer: Promise<T>): Promise<T | null> =>
    unlessWrongType(answer, () => {
      hooks.onMalformed?.('list', roomId);
      return null;
    });

  /** The newest message of a room whose newest entry is not a message. */
  async function lastBehindHead(roomId: string): Promise<Message | null> {
    const { entries } = await read(roomId, { take: { last: 1 } }, { messagesOnly: true });
    return entries.find(isMessage) ?? null;
  }

  return {
    append: (draft, sender) =>
      orUnavailable(NOT_SENT, async () => {
        const json = await append(draft, sender);
        // The script cannot update rooms:active, which is in another slot. Update it only after the send,
        // because a refused send must leave nothing behind, and do not wait for it: the message is sent
        // either way, and the next message or subscription adds the room again.
        commands.sadd(ROOMS_ACTIVE, draft.roomId).catch((error) => hooks.onError?.(ROOMS_ACTIVE, error));
        const message = decodeEntry(json, draft.roomId);
        if (message && isMessage(message)) return message;
        throw new Error(`The store returned no message for room ${draft.roomId}`);
      }),

    retract: (roomId, ids, rights) => orUnavailable(NOT_RETRACTED, () => retract(roomId, ids, rights)),

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
