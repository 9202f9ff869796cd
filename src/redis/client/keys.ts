/** The set of rooms that hold messages or connections. */
export const ROOMS_ACTIVE = 'rooms:active';

/** Held by the node that sweeps; it expires by itself, which spaces the sweeps of all nodes. */
export const SWEEP_LOCK = 'lock:sweep';

/** A value that all nodes share. */
export function cacheKey(name: string): string {
  return `cache:${name}`;
}

/** Held by the node that renews a shared value. In the slot of the value, in a Cluster. */
export function cacheLockKey(name: string): string {
  return `lock:{${cacheKey(name)}}`;
}

const MESSAGES = 'messages:';

/** A room's list of messages, newest first; the channel on which they are published has the same name. */
export function messagesKey(roomId: string): string {
  return MESSAGES + roomId;
}

/** The room whose messages a channel carries. */
export function roomOfChannel(channel: string): string {
  return channel.slice(MESSAGES.length);
}

/** The set of connections that have a live subscription to a room. */
export function connectionsKey(roomId: string): string {
  return `connections:${roomId}`;
}

/** A node's heartbeat: it expires where the node is gone. */
export function nodeKey(nodeId: string): string {
  return `node:${nodeId}`;
}

/**
 * The message that a nonce made. The braces are a hash tag: the key lies in the same slot of a Cluster as
 * the room's list. Author and nonce are percent-encoded, so that no two pairs share a key.
 */
export function nonceKey(roomId: string, authorId: string, nonce: string): string {
  return `nonce:{${messagesKey(roomId)}}:${encode(authorId)}:${encode(nonce)}`;
}

/** How many seconds a user waits between two messages, where the room is in slow mode. */
export function slowModeKey(roomId: string): string {
  return `slowmode:{${messagesKey(roomId)}}`;
}

/** When the newest messages of a user in a room were sent. In the slot of the room's list, as a nonce is. */
export function userLimitKey(roomId: string, senderId: string): string {
  return `limit:{${messagesKey(roomId)}}:user:${encode(senderId)}`;
}

/** When the newest messages from an address were sent: in all rooms, or in one and in the slot of its list. */
export function addressLimitKey(address: string, roomId?: string): string {
  return roomId === undefined
    ? limitKey('sends', address)
    : `limit:{${messagesKey(roomId)}}:address:${encode(address)}`;
}

/** When an address began the newest of its rooms, in the slot of a room's list: for the send script in a Cluster. */
export function roomsLimitKey(address: string, roomId?: string): string {
  return roomId === undefined
    ? limitKey('rooms', address)
    : `limit:{${messagesKey(roomId)}}:rooms:${encode(address)}`;
}

/** When an address took the newest of what is limited for each address. */
export function limitKey(kind: string, address: string): string {
  return `limit:${kind}:${encode(address)}`;
}

/** A session, by the digest of its token. */
export function sessionKey(sessionId: string): string {
  return `session:${sessionId}`;
}

// encodeURIComponent throws on a lone surrogate; Redis would be given U+FFFD for it in any case.
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
