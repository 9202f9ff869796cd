import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

const ROOMS_ACTIVE = 'rooms:active';

/** Partitions of the active rooms in a Cluster. Never change it: all nodes must agree on the partition of a room. */
const PARTITIONS = 16;

/**
 * The sets of rooms that hold messages or connections. One Redis has one. A Cluster has 16, so that neither the writes
 * to them nor the loss of a shard concern all rooms.
 */
export function activeRoomsKeys(isCluster: boolean): string[] {
  return isCluster ? Array.from({ length: PARTITIONS }, (_, number) => partitionKey(number)) : [ROOMS_ACTIVE];
}

/** The one of these sets that a room belongs to. */
export function activeRoomsKey(roomId: string, isCluster: boolean): string {
  if (!isCluster) return ROOMS_ACTIVE;
  return partitionKey(createHash('sha1').update(roomId).digest()[0]! % PARTITIONS);
}

function partitionKey(number: number): string {
  return `${ROOMS_ACTIVE}:{${number}}`;
}

/**
 * The lock of the node that sweeps. It is never deleted: its expiry sets the pace of sweeps over all nodes.
 */
export const SWEEP_LOCK = 'lock:sweep';

/** A value that all nodes share. */
export function cacheKey(name: string): string {
  return `cache:${name}`;
}

/** Held by the node that renews a shared value. In a Cluster, it is in the same slot as the value. */
export function cacheLockKey(name: string): string {
  return `lock:{${cacheKey(name)}}`;
}

const MESSAGES = 'messages:';

/** A room's list of entries, newest first. */
export function messagesKey(roomId: string): string {
  return MESSAGES + roomId;
}

/**
 * The channel on which a room's entries are published. Pub/sub ignores databases, so the channels of every database
 * but 0 begin with its number.
 */
export function channelOf(roomId: string, database: number): string {
  return database === 0 ? messagesKey(roomId) : `${database}:${messagesKey(roomId)}`;
}

/** A room's hash: its epoch, its newest id and where its list began. In the same slot as the list. */
export function roomKey(roomId: string): string {
  return `room:{${messagesKey(roomId)}}`;
}

/** The room whose entries a channel carries. */
export function roomOfChannel(channel: string): string {
  return channel.slice(channel.indexOf(MESSAGES) + MESSAGES.length);
}

/** The number of the database that a client uses. */
export function databaseOf({ options: { db = 0 } }: Redis): number {
  return db;
}

/** The set of connections that have a live subscription to a room. */
export function connectionsKey(roomId: string): string {
  return `connections:${roomId}`;
}

/** A node's heartbeat, which expires soon after the node dies. */
export function nodeKey(nodeId: string): string {
  return `node:${nodeId}`;
}

/**
 * The message that was sent with a nonce. The braces are a hash tag that puts the key into the Cluster slot
 * of the room's list. Author and nonce are percent-encoded so that no two pairs share a key.
 */
export function nonceKey(roomId: string, authorId: string, nonce: string): string {
  return `nonce:{${messagesKey(roomId)}}:${encode(authorId)}:${encode(nonce)}`;
}

/** Seconds that each user must wait between two messages, if the room is in slow mode. */
export function slowModeKey(roomId: string): string {
  return `slowmode:{${messagesKey(roomId)}}`;
}

/** When a user's newest messages in a room were sent. In the slot of the room's list, like `nonceKey`. */
export function userLimitKey(roomId: string, senderId: string): string {
  return `limit:{${messagesKey(roomId)}}:user:${encode(senderId)}`;
}

/**
 * When the newest messages from an address were sent: in all rooms, or, with a room id, in that room. The
 * latter key is in the slot of the room's list.
 */
export function addressLimitKey(address: string, roomId?: string): string {
  return roomId === undefined
    ? limitKey('sends', address)
    : `limit:{${messagesKey(roomId)}}:address:${encode(address)}`;
}

/**
 * When an address opened its newest rooms: over all nodes, or, with a room id, in the slot of the room's
 * list, as the send script needs it in a Cluster.
 */
export function roomsLimitKey(address: string, roomId?: string): string {
  return roomId === undefined
    ? limitKey('rooms', address)
    : `limit:{${messagesKey(roomId)}}:rooms:${encode(address)}`;
}

/** When an address last performed a rate-limited action, such as starting a session. */
export function limitKey(kind: string, address: string): string {
  return `limit:${kind}:${encode(address)}`;
}

/** A session, identified by the digest of its token. */
export function sessionKey(sessionId: string): string {
  return `session:${sessionId}`;
}

// encodeURIComponent throws on a lone surrogate. Replace it with U+FFFD, as UTF-8 encoding would.
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
