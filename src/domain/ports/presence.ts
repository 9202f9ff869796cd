/**
 * Announces to all nodes which connections are in which room. The calls return immediately and never throw.
 * Changes reach the store shortly after, and are repeated after an outage of the store.
 */
export interface Presence {
  /**
   * A connection has subscribed to a room. Calls are counted: a connection that joins twice must leave twice.
   */
  join(roomId: string, connectionId: string): void;
  leave(roomId: string, connectionId: string): void;
}

/** The active rooms and their connections. Calls throw SERVICE_UNAVAILABLE like those of the event log. */
export interface RoomDirectory {
  /**
   * Connections with a live subscription to each room, over all nodes. One round trip. SERVICE_UNAVAILABLE is in place
   * of single counts, as in `EventLog.heads`.
   */
  connectionCounts(roomIds: readonly string[]): Promise<(number | Error)[]>;

  /**
   * At most `limit` rooms that hold messages or connections: most connections first, then by id. The list is
   * at most about a second old, and is still served during an outage of the store. While only a part of the store is
   * unreachable, the rooms in it are left out. Throws SERVICE_UNAVAILABLE only if no list is known yet.
   */
  activeRooms(limit: number): Promise<string[]>;
}
