/**
 * Announces to all nodes which connections are in which room. The calls return at once and never throw; what
 * they say reaches the store soon, and again after the store was away.
 */
export interface Presence {
  /** A connection gained a live subscription to a room. Counted: join twice, leave twice. */
  join(roomId: string, connectionId: string): void;
  leave(roomId: string, connectionId: string): void;
}

/** Which rooms there are, and how full. Each call throws SERVICE_UNAVAILABLE as those of the event log do. */
export interface RoomDirectory {
  /** How many connections hold a live subscription to each room, over all nodes. One round trip. */
  connectionCounts(roomIds: readonly string[]): Promise<number[]>;

  /**
   * Rooms that hold messages or connections: most connections first, then by id; `limit` at most. The list is
   * about a second old at most, and is still served while the store is away. Throws SERVICE_UNAVAILABLE only if
   * no list is known yet.
   */
  activeRooms(limit: number): Promise<string[]>;
}
