import { randomUUID } from 'node:crypto';
import { type ChatError, forbidden, rateLimited, serviceUnavailable } from '#domain/errors.js';
import type { Draft } from '#domain/message.js';
import type { Sender, SendLimits } from '#domain/ports/limiter.js';
import type { Writer } from '#redis/client/commands.js';
import {
  addressLimitKey,
  channelOf,
  messagesKey,
  nonceKey,
  roomKey,
  roomsLimitKey,
  slowModeKey,
  userLimitKey,
} from '#redis/client/keys.js';
import { readScript } from '#redis/client/script.js';
import type { Servers } from '#redis/client/servers.js';
import { encodeBody } from './codec.js';

/** How long a nonce is remembered, in milliseconds. */
export const NONCE_TTL_MS = 5 * 60_000;

/** The least time that a room's epoch and last id are kept after its newest entry, in milliseconds. */
const ROOM_TTL_MS = 7 * 86_400_000;

/** The arguments with which every script appends an entry. See `lua/includes/append-entry.lua`. */
export function entryArgs(retention: Retention) {
  return {
    ...retention,
    roomTtlMs: Math.max(ROOM_TTL_MS, 2 * retention.ttlMs),
    // The script must be deterministic for replicas, so it cannot generate the epoch itself.
    epoch: randomUUID(),
  };
}

/** How much a room keeps. */
export interface Retention {
  /** The maximum number of entries. */
  historyLimit: number;
  /** How long an entry is kept, in milliseconds. */
  ttlMs: number;
}

/** How many replicas must have a message, and how long to wait for them, in milliseconds. */
export interface Replication {
  replicas: number;
  timeoutMs: number;
}

/** Settings of `createAppend`. */
export interface AppendOptions {
  retention: Retention;
  /** If given, a message is acknowledged only once this many replicas have it. */
  replication?: Replication | undefined;
  /**
   * Limits on sending. Defaults to `UNLIMITED`. In a Cluster, all keys of a send must be in one slot, so messages from
   * an address are counted per room instead of over all rooms, and new rooms are not counted.
   */
  policy?: SendLimits | undefined;
}

/** What a send stored. */
export interface Appended {
  /** The JSON of the message, or of the first message with the same nonce. */
  json: string;
  /** Whether the room had no messages before, or may have had none. */
  begins: boolean;
}

/** No limits, except the slow mode of rooms. */
const UNLIMITED: SendLimits = {
  perUser: { count: 0, windowMs: 0 },
  perAddress: { count: 0, windowMs: 0 },
  roomsPerAddress: { count: 0, windowMs: 0 },
};

/** Used if no sender is given. No limit applies. */
const NOBODY: Sender = { id: '', address: '', exempt: 'from all limits' };

/** Stores and publishes a message. */
export type Append = (draft: Draft, sender?: Sender) => Promise<Appended>;

type Refusal = ['user' | 'slow mode' | 'address' | 'rooms', waitMs: number, limit: number];
type Reply = ['stored', json: string, begins: 0 | 1] | ['gone'] | Refusal;

/**
 * Creates the write path, which is one call of `lua/append-7.lua` on the room's shard. A send throws RATE_LIMITED;
 * FORBIDDEN if the message with this nonce was retracted; SERVICE_UNAVAILABLE if too few replicas have the message in
 * time; and Redis errors unchanged.
 */
export function createAppend(servers: Servers, options: AppendOptions): Append {
  const { retention, replication, policy = UNLIMITED } = options;
  const oneSlot = servers.isCluster;
  const { database } = servers;
  const run = readScript('room-log/lua/append-7.lua');

  function keysOf({ roomId, author, nonce = '' }: Draft, { id, address }: Sender): string[] {
    return [
      messagesKey(roomId),
      roomKey(roomId),
      slowModeKey(roomId),
      userLimitKey(roomId, id),
      addressLimitKey(address, oneSlot ? roomId : undefined),
      roomsLimitKey(address, oneSlot ? roomId : undefined),
      nonceKey(roomId, author.id, nonce),
    ];
  }

  function argsOf({ roomId, nonce }: Draft, { address, exempt }: Sender): string {
    const { perUser, perAddress, roomsPerAddress } = exempt === 'from all limits' ? UNLIMITED : policy;
    return JSON.stringify({
      ...entryArgs(retention),
      nonceTtlMs: nonce === undefined ? 0 : NONCE_TTL_MS,
      user: perUser,
      // Senders without a known address, such as those of a closed connection, must not be counted together.
      address: address === '' ? UNLIMITED.perAddress : perAddress,
      // In a Cluster, each room has its own log, and the log of a new room is always empty.
      rooms: address === '' || oneSlot ? UNLIMITED.roomsPerAddress : roomsPerAddress,
      obeysSlowMode: exempt === 'from nothing',
      replicated: replication !== undefined,
      publish: servers.channels.publishCommand,
      channel: channelOf(roomId, database),
    });
  }

  return async (draft, sender = NOBODY) => {
    const keys = keysOf(draft, sender);
    const args = [argsOf(draft, sender), encodeBody(draft)];
    return servers.write(keys[0]!, async (writer) => {
      const reply = (await run(writer, keys, args)) as Reply;
      if (reply[0] === 'gone') throw forbidden('The message with this nonce was retracted.');
      if (reply[0] !== 'stored') throw refusalOf(reply, policy);
      if (replication) await waitForReplicas(writer, replication, NOT_REPLICATED);
      return { json: reply[1], begins: reply[2] === 1 };
    });
  };
}

function refusalOf([which, waitMs, limit]: Refusal, { perUser }: SendLimits): ChatError {
  switch (which) {
    case 'slow mode':
      return rateLimited(`The room is in slow mode: one message every ${limit} seconds.`, waitMs);
    case 'user':
      return rateLimited(
        `You are sending too fast. The limit is ${limit} messages in ${perUser.windowMs / 1_000} seconds.`,
        waitMs,
      );
    case 'rooms':
      return rateLimited(
        'Too many new rooms from your network. Wait a moment, or write in a room that exists.',
        waitMs,
      );
    case 'address':
      return rateLimited('Too many messages from your network. Wait a moment.', waitMs);
  }
}

/** What clients read if too few replicas have a message. */
const NOT_REPLICATED = 'The message is stored. Send it again with the same nonce to check again.';

/**
 * Waits until replicas have everything written so far, including what a repeated call found. Throws SERVICE_UNAVAILABLE
 * if too few have it in time. `advice` says what a client should do then.
 */
export async function waitForReplicas(
  writer: Writer,
  { replicas, timeoutMs }: Replication,
  advice: string,
): Promise<void> {
  const confirmed = await writer.wait(replicas, timeoutMs);
  if (confirmed >= replicas) return;
  throw serviceUnavailable(`Only ${confirmed} of ${replicas} replicas have confirmed in time. ${advice}`);
}
