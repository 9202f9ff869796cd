import { millisecondsOf } from '#domain/cursor.js';
import { type Entry, isMessage } from '#domain/entry.js';
import { ChatError, cursorExpired } from '#domain/errors.js';
import type { Message } from '#domain/message.js';
import type { EventLog, Head, Page, Window } from '#domain/ports/event-log.js';
import type { Closeable } from '#domain/ports/feed.js';
import type { SendLimits } from '#domain/ports/limiter.js';
import { eachOrUnavailable, orUnavailable, unlessAllAway, unlessWrongType } from '#redis/client/errors.js';
import type { RedisHooks } from '#redis/client/hooks.js';
import { messagesKey, roomKey } from '#redis/client/keys.js';
import { createReadNewest, type Newest } from '#redis/client/read-newest.js';
import { loadScript } from '#redis/client/script.js';
import type { Servers } from '#redis/client/servers.js';
import { createAppend, type Replication } from './append.js';
import { decodeEntry, opaqueInPlaceOf } from './codec.js';
import { createListing } from './listing.js';
import { createReadPage, READ_PAGE, type ReadOptions, type StoredPage } from './read-page.js';
import { createReplicaReads } from './replica-reads.js';
import { createRetract } from './retract.js';

/** Settings of `createEventLog`. */
export interface EventLogOptions {
  servers: Servers;
  /**
   * If given, a send is acknowledged only once this many replicas have it. If
   * they do not have it in time, the send throws SERVICE_UNAVAILABLE. The message
   * is stored then, and sending it again with the same nonce checks again.
   */
  replication?: Replication;
  /** Limits on sends. If not given, only the slow mode of rooms applies. */
  sendPolicy?: SendLimits;
  /** The maximum number of entries in a room. */
  historyLimit: number;
  /** How long an entry is kept, in seconds. */
  ttlSeconds: number;
  /** Whether replicas serve pages of history, if the caller of `messages` knows what they must hold. */
  replicaReads?: boolean;
  hooks?: RedisHooks;
}

const NOT_READ = 'The messages cannot be read right now. Try again shortly.';
const NOT_RETRACTED = 'The messages may not have been retracted. It is safe to try again.';
const NOT_SENT =
  'The message may not have been sent. Try again with the same nonce, so that it is sent only once.';

/** The logs of all rooms. Each room is a list of entries and a hash in Redis. `close` does not close the connections. */
export function createEventLog(options: EventLogOptions): EventLog & Closeable {
  const { servers, historyLimit, hooks = {} } = options;
  const { commands } = servers;
  const ttlMs = options.ttlSeconds * 1_000;
  const listing = createListing(servers, hooks);
  const stored = { retention: { historyLimit, ttlMs }, replication: options.replication };
  const append = createAppend(servers, { ...stored, policy: options.sendPolicy });
  const retract = createRetract(servers, stored);
  const readPage = createReadPage(loadScript(commands, READ_PAGE), { ttlMs });
  const replicaReads = options.replicaReads ? createReplicaReads(servers, { ttlMs, hooks }) : undefined;
  const readHead = loadScript(commands, 'room-log/lua/read-head-2.lua');
  const readNewest = createReadNewest(servers);

  /** Decodes an entry of the list. A malformed one is reported and becomes an opaque entry. */
  function decode(text: string, roomId: string): Entry {
    const entry = decodeEntry(text, roomId);
    if (entry !== undefined) return entry;
    hooks.onMalformed?.('list', roomId);
    return opaqueInPlaceOf(text);
  }

  function decodeAll(page: StoredPage, roomId: string): Page {
    return { ...page, entries: page.entries.map((text) => decode(text, roomId)) };
  }

  /** Reads a page and decodes it. Throws CURSOR_EXPIRED. */
  async function read(roomId: string, window: Window, how?: ReadOptions): Promise<Page> {
    const page = await readPage(roomId, window, how);
    if (!page) throw cursorExpired(window.after ?? '');
    return decodeAll(page, roomId);
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

  /** The newest message of a room, by its newest entry and the time of the shard that has it. */
  function lastMessage(
    roomId: string,
    newest: Newest | ChatError,
  ): Message | null | ChatError | Promise<Message | null> {
    if (newest instanceof ChatError) return newest;
    const { text, now } = newest;
    if (text === null) return null;
    if (text === undefined) {
      hooks.onMalformed?.('list', roomId);
      return null;
    }
    const entry = decodeEntry(text, roomId);
    if (!entry || !isMessage(entry)) return lastBehindHead(roomId);
    return millisecondsOf(entry.id) < now - ttlMs ? null : entry;
  }

  /** The newest message of a room whose newest entry is not a message. */
  async function lastBehindHead(roomId: string): Promise<Message | null> {
    const { entries } = await read(roomId, { take: { last: 1 } }, { messagesOnly: true });
    return entries.find(isMessage) ?? null;
  }

  return {
    append: (draft, sender) =>
      orUnavailable(NOT_SENT, async () => {
        const { json, begins } = await append(draft, sender).catch((error: unknown) => {
          // It may be stored nevertheless.
          if (!(error instanceof ChatError) || error.code === 'SERVICE_UNAVAILABLE')
            listing.unsure(draft.roomId);
          throw error;
        });
        listing.sent(draft.roomId, begins);
        const message = decodeEntry(json, draft.roomId);
        if (message && isMessage(message)) {
          replicaReads?.sent(draft.roomId, message.id);
          return message;
        }
        throw new Error(`The store returned no message for room ${draft.roomId}`);
      }),

    retract: (roomId, ids, rights) =>
      orUnavailable(NOT_RETRACTED, async () => {
        const { retracted, missing, entry } = await retract(roomId, ids, rights);
        if (entry !== undefined) replicaReads?.sent(roomId, entry);
        return { retracted, missing };
      }),

    page: (roomId, window) => orUnavailable(NOT_READ, () => read(roomId, window)),

    messages: (roomId, window, known) =>
      orUnavailable(NOT_READ, async () => {
        const copy = known && (await replicaReads?.read(roomId, window, known));
        const page = copy ? decodeAll(copy, roomId) : await read(roomId, window, { messagesOnly: true });
        const { entries, hasOlder, hasNewer, head } = page;
        return { messages: entries.filter(isMessage), hasOlder, hasNewer, head };
      }),

    heads: (roomIds) =>
      eachOrUnavailable(
        NOT_READ,
        roomIds.map((roomId) => orNull(roomId, headOf(roomId))),
      ).then(unlessAllAway),

    lastMessages: (roomIds) =>
      orUnavailable(NOT_READ, async () => {
        const newest = await readNewest(roomIds, NOT_READ);
        const messages = roomIds.map((roomId, index) => lastMessage(roomId, newest[index]!));
        return unlessAllAway(await eachOrUnavailable(NOT_READ, messages));
      }),

    close: async () => listing.close(),
  };
}
