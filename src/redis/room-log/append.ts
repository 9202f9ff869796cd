import type { Redis } from 'ioredis';
import { type ChatError, rateLimited, serviceUnavailable } from '#domain/errors.js';
import type { Draft } from '#domain/message.js';
import type { Sender, SendLimits } from '#domain/ports/limiter.js';
import {
  addressLimitKey,
  messagesKey,
  nonceKey,
  roomsLimitKey,
  slowModeKey,
  userLimitKey,
} from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';
import { encodeBody } from './codec.js';

/** How long a nonce is remembered, in milliseconds. */
export const NONCE_TTL_MS = 5 * 60_000;

/** What a room keeps. */
export interface Retention {
  /** Messages a room keeps at most. */
  historyLimit: number;
  /** Milliseconds that a message is kept. */
  ttlMs: number;
}

/** How many replicas must have a message, and how long they are waited for. */
export interface Replication {
  replicas: number;
  timeoutMs: number;
}

/** What sends are held to, and how it is counted. */
export interface SendPolicy extends SendLimits {
  /**
   * Whether all keys of a send must lie in one slot, as in a Redis Cluster. An address's messages are counted
   * for each room then, and not for all of them together; new rooms are not counted.
   */
  oneSlot?: boolean;
}

/** Nothing is limited, but by the slow mode of a room. */
export const UNLIMITED: SendLimits = {
  perUser: { count: 0, windowMs: 0 },
  perAddress: { count: 0, windowMs: 0 },
  roomsPerAddress: { count: 0, windowMs: 0 },
};

/** Who sends where nobody says so: no limit holds for them. */
const NOBODY: Sender = { id: '', address: '', exempt: 'from all limits' };

/** Stores and publishes a message; gives the stored JSON, or that of the first with the same nonce. */
export type SendMessage = (draft: Draft, sender?: Sender) => Promise<string>;

/**
 * The write path: all of it is `scripts/send-message.lua`. Throws what Redis gives as an error,
 * RATE_LIMITED, and SERVICE_UNAVAILABLE where too few replicas have the message in time.
 */
export function createSendMessage(
  writer: Redis,
  { historyLimit, ttlMs }: Retention,
  replication?: Replication,
  policy: SendPolicy = UNLIMITED,
): SendMessage {
  const run = loadScript(writer, new URL('./lua/append-5.lua', import.meta.url));

  function keysOf({ roomId, author, nonce }: Draft, { id, address }: Sender): string[] {
    const keys = [
      messagesKey(roomId),
      slowModeKey(roomId),
      userLimitKey(roomId, id),
      addressLimitKey(address, policy.oneSlot ? roomId : undefined),
      roomsLimitKey(address, policy.oneSlot ? roomId : undefined),
    ];
    if (nonce !== undefined) keys.push(nonceKey(roomId, author.id, nonce));
    return keys;
  }

  function limitsOf({ address, exempt }: Sender): number[] {
    const { perUser, perAddress, roomsPerAddress } = exempt === 'from all limits' ? UNLIMITED : policy;
    // What came from nowhere, as from a connection that is closed, must not be counted together.
    const addressCount = address === '' ? 0 : perAddress.count;
    const isSlowed = exempt === 'from nothing' ? 1 : 0;
    // With a log in each room's slot, a new room's log would always be empty.
    const roomCount = address === '' || policy.oneSlot ? 0 : roomsPerAddress.count;
    return [
      perUser.count,
      perUser.windowMs,
      addressCount,
      perAddress.windowMs,
      isSlowed,
      roomCount,
      roomsPerAddress.windowMs,
    ];
  }

  return async (draft, sender = NOBODY) => {
    const args = [encodeBody(draft), historyLimit, ttlMs, NONCE_TTL_MS, ...limitsOf(sender)];
    const reply = await run(keysOf(draft, sender), args);
    if (Array.isArray(reply)) throw refusal(reply as [string, number, number], policy);
    if (replication) await replicated(writer, replication);
    return String(reply);
  };
}

function refusal([which, waitMs, limit]: [string, number, number], { perUser }: SendLimits): ChatError {
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
        'Too many new rooms are opened from your network. Please wait a moment, or write in a room that exists.',
        waitMs,
      );
    default:
      return rateLimited('Too many messages are sent from your network. Please wait a moment.', waitMs);
  }
}

/** Waits for what was written over this connection so far, and for whatever a repeated nonce has read. */
async function replicated(writer: Redis, { replicas, timeoutMs }: Replication): Promise<void> {
  const confirmed = await writer.wait(replicas, timeoutMs);
  if (confirmed >= replicas) return;
  throw serviceUnavailable(
    `The message is stored, but ${confirmed} of ${replicas} replicas have it. Send it again with the same nonce to ask again.`,
  );
}
