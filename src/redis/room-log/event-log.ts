import type { Redis } from 'ioredis';
import { cursorExpired } from '#domain/errors.js';
import { type Message, millisecondsOf } from '#domain/message.js';
import type { ChatRepository } from '#domain/ports/event-log.js';
import type { RedisHooks } from '#redis/client/connections.js';
import { orUnavailable, unlessWrongType } from '#redis/client/errors.js';
import { connectionsKey, messagesKey, ROOMS_ACTIVE } from '#redis/client/keys.js';
import { createSendMessage, type Replication, type SendPolicy } from './append.js';
import { decodeMessage } from './codec.js';
import { createReadPage } from './read-page.js';

/** What the store is made of. */
export interface RepositoryOptions {
  /** With autopipelining: commands of one turn of the event loop are one round trip. */
  commands: Redis;
  /** What sends are written over; `commands` where it is not given. */
  writer?: Redis;
  /**
   * A send is acknowledged only once this many replicas have it, which is waited for so long. Less is
   * SERVICE_UNAVAILABLE: it is stored, and the same nonce asks again whether it is safe. None where not given.
   */
  replication?: Replication;
  /** What sends are held to; nothing but a room's slow mode where it is not given. */
  sendPolicy?: SendPolicy;
  /** Messages that a room keeps at most. */
  historyLimit: number;
  /** Seconds that a message is kept. */
  ttlSeconds: number;
  hooks?: RedisHooks;
}

const NOT_READ = 'The messages cannot be read at the moment. Please try again.';
const NOT_COUNTED = 'The rooms cannot be read at the moment. Please try again.';
const NOT_SENT = 'The message may not have been sent. Please try again; the same nonce sends it only once.';

/** How far a malformed newest entry is looked behind for a room's last message. */
const LOOK_BACK = 10;

/** The store of messages, and what it knows of a room. `activeRooms` is composed with it in store.ts. */
export function createRepository(options: RepositoryOptions): Omit<ChatRepository, 'activeRooms'> {
  const { commands, historyLimit, hooks = {} } = options;
  const ttlMs = options.ttlSeconds * 1_000;
  const sendMessage = createSendMessage(
    options.writer ?? commands,
    { historyLimit, ttlMs },
    options.replication,
    options.sendPolicy,
  );
  const readPage = createReadPage(commands, { ttlMs });

  /** Decodes entries; what is malformed is told and left out. */
  function decodeAll(entries: readonly string[], roomId: string): Message[] {
    return entries.flatMap((entry) => {
      const message = decodeMessage(entry, roomId);
      if (!message) hooks.onMalformed?.('list', roomId);
      return message ?? [];
    });
  }

  /** The newest entry of a room's list. */
  function headOf(roomId: string): Promise<string | null> {
    return unlessWrongType(commands.lindex(messagesKey(roomId), 0), () => {
      hooks.onMalformed?.('list', roomId);
      return null;
    });
  }

  function countConnections(roomId: string): Promise<number> {
    return unlessWrongType(commands.scard(connectionsKey(roomId)), () => 0);
  }

  /** The newest message behind a head that is none. */
  async function lastBehindHead(roomId: string): Promise<Message | null> {
    const page = await readPage(roomId, { take: { last: LOOK_BACK } });
    return decodeAll(page?.entries ?? [], roomId).at(-1) ?? null;
  }

  return {
    send: (draft, sender) =>
      orUnavailable(NOT_SENT, async () => {
        const sent = await sendMessage(draft, sender);
        // rooms:active lies in another slot than the list, hence not in the script. Not before, since a send that
        // a limit refuses must leave nothing behind; and not waited for, since the message counts as sent
        // without it: the next message or viewer marks the room again.
        commands.sadd(ROOMS_ACTIVE, draft.roomId).catch((error) => hooks.onError?.(ROOMS_ACTIVE, error));
        const message = decodeMessage(sent, draft.roomId);
        if (!message) throw new Error(`The store returned no message for room ${draft.roomId}`);
        return message;
      }),

    page: (roomId, window) =>
      orUnavailable(NOT_READ, async () => {
        const page = await readPage(roomId, window);
        if (!page) throw cursorExpired(window.after ?? '');
        const { entries, hasOlder, hasNewer } = page;
        return { messages: decodeAll(entries, roomId), hasOlder, hasNewer };
      }),

    lastMessages: (roomIds) =>
      orUnavailable(NOT_READ, async () => {
        if (roomIds.length === 0) return [];
        const [[seconds], heads] = await Promise.all([commands.time(), Promise.all(roomIds.map(headOf))]);
        const oldestMs = Number(seconds) * 1_000 - ttlMs;
        return Promise.all(
          roomIds.map((roomId, index) => {
            const head = heads[index];
            if (typeof head !== 'string') return null;
            const message = decodeMessage(head, roomId);
            if (!message) return lastBehindHead(roomId);
            return millisecondsOf(message.id) < oldestMs ? null : message;
          }),
        );
      }),

    connectionCounts: (roomIds) =>
      orUnavailable(NOT_COUNTED, () => Promise.all(roomIds.map(countConnections))),
  };
}
