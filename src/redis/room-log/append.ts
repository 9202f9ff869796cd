import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type ChatError, forbidden, rateLimited, serviceUnavailable } from '#domain/errors.js';
import type { Draft } from '#domain/message.js';
import type { Sender, SendLimits } from '#domain/ports/limiter.js';
import {
  addressLimitKey,
  channelOf,
  databaseOf,
  messagesKey,
  nonceKey,
  roomKey,
  roomsLimitKey,
  slowModeKey,
  userLimitKey,
} from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';
import { encodeBody } from './codec.js';

/** How long a nonce is remembered, in milliseconds. */
export const NONCE_TTL_MS = 5 * 60_000;

/** How long a room's epoch and last id outlive its newest entry at least, in milliseconds. */
const ROOM_TTL_MS = 7 * 86_400_000;

/** What a room keeps. */
export interface Retention {
  /** Entries that a room keeps at most. */
  historyLimit: number;
  /** How long an entry is kept, in milliseconds. */
  ttlMs: number;
}

/** How many replicas must have a message, and how long to wait for them, in milliseconds. */
export interface Replication {
  replicas: number;
  timeoutMs: number;
}

/** The limits on sending, and how they are counted. */
export interface SendPolicy extends SendLimits {
  /**
   * Whether all keys of a send must lie in one slot, as in a Redis Cluster. An address's messages are then
   * counted for each room, and not for all of them together; new rooms are not counted.
   */
  oneSlot?: boolean;
}

/** What the write path is made of. */
export interface AppendOptions {
  retention: Retention;
  /** If given, a message is acknowledged only once this many replicas have it. */
  replication?: Replication | undefined;
  /** `UNLIMITED` if not given. */
  policy?: SendPolicy | undefined;
  /** How the script publishes: SPUBLISH in a Cluster. */
  publish?: 'PUBLISH' | 'SPUBLISH';
}

/** No limit but a room's slow mode. */
export const UNLIMITED: SendLimits = {
  perUser: { count: 0, windowMs: 0 },
  perAddress: { count: 0, windowMs: 0 },
  roomsPerAddress: { count: 0, windowMs: 0 },
};

/** The sender if none is given: no limit applies. */
const NOBODY: Sender = { id: '', address: '', exempt: 'from all limits' };

/** Stores and publishes a message. Returns the stored JSON, or that of the first with the same nonce. */
export type Append = (draft: Draft, sender?: Sender) => Promise<string>;

type Refusal = ['user' | 'slow mode' | 'address' | 'rooms', waitMs: number, limit: number];
type Reply = ['stored', json: string] | ['gone'] | Refusal;

/**
 * The write path; all of it is `lua/append-7.lua`. Throws what Redis gives as an error, RATE_LIMITED,
 * FORBIDDEN if what the nonce made was removed, and SERVICE_UNAVAILABLE if too few replicas have the message
 * in time.
 */
export function createAppend(writer: Redis, options: AppendOptions): Append {
  const { retention, replication, publish = 'PUBLISH' } = options;
  const policy: SendPolicy = options.policy ?? UNLIMITED;
  const run = loadScript(writer, 'room-log/lua/append-7.lua');
  const database = databaseOf(writer);
  const roomTtlMs = Math.max(ROOM_TTL_MS, 2 * retention.ttlMs);

  function keysOf({ roomId, author, nonce = '' }: Draft, { id, address }: Sender): string[] {
    return [
      messagesKey(roomId),
      roomKey(roomId),
      slowModeKey(roomId),
      userLimitKey(roomId, id),
      addressLimitKey(address, policy.oneSlot ? roomId : undefined),
      roomsLimitKey(address, policy.oneSlot ? roomId : undefined),
      nonceKey(roomId, author.id, nonce),
    ];
  }

  function argsOf({ roomId, nonce }: Draft, { address, exempt }: Sender): string {
    const { perUser, perAddress, roomsPerAddress } = exempt === 'from all limits' ? UNLIMITED : policy;
    return JSON.stringify({
      ...retention,
      roomTtlMs,
      // Not made by the script: a replica must come to the same.
      epoch: randomUUID(),
      nonceTtlMs: nonce === undefined ? 0 : NONCE_TTL_MS,
      user: perUser,
      // Senders without an address, as of a connection that is closed, must not be counted together.
      address: address === '' ? UNLIMITED.perAddress : perAddress,
      // In a Cluster each room would have a log of its own, and a new room's log is always empty.
      rooms: address === '' || policy.oneSlot ? UNLIMITED.roomsPerAddress : roomsPerAddress,
      obeysSlowMode: exempt === 'from nothing',
      publish,
      channel: channelOf(roomId, database),
    });
  }

  return async (draft, sender = NOBODY) => {
    const reply = (await run(keysOf(draft, sender), [argsOf(draft, sender), encodeBody(draft)])) as Reply;
    if (reply[0] === 'gone') throw forbidden('The message that this nonce made was removed.');
    if (reply[0] !== 'stored') throw refusalOf(reply, policy);
    if (replication) await replicated(writer, replication);
    return reply[1];
  };
}

function refusalOf([which, waitMs, limit]: Refusal, { perUser }: SendLimits): ChatError {
  switch (which) {
    case 'slow mode':
      return rateLimited(`The room is in slow mode: one message every ${limit} seconds.`, waitMs);
    case 'user':
      return rateLimited(
        `You are sending too fast: ${limit} messages in ${perUser.windowMs / 1_000} seconds are the limit.`,
        waitMs,
      );
    case 'rooms':
      return rateLimited(
        'Too many new rooms from your network. Wait a moment, or write in a room that exists.',
        waitMs,
      );
    case 'address':
      return rateLimited('Too many messages are sent from your network. Please wait a moment.', waitMs);
  }
}

/** Waits for all that this connection has written so far, and for whatever a repeated nonce has read. */
async function replicated(writer: Redis, { replicas, timeoutMs }: Replication): Promise<void> {
  const confirmed = await writer.wait(replicas, timeoutMs);
  if (confirmed >= replicas) return;
  throw serviceUnavailable(
    `The message is stored, but ${confirmed} of ${replicas} replicas have it. Send it again with the same nonce to ask again.`,
  );
}
