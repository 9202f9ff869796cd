/** The connections of this node: for each room, how many times each connection joined it. */
export class HeldConnections {
  readonly #rooms = new Map<string, Map<string, number>>();

  /** Counts a join or a leave. Returns whether the connection entered or left the room by it. */
  change(roomId: string, connectionId: string, by: 1 | -1): boolean {
    const connections = this.#rooms.get(roomId) ?? new Map<string, number>();
    const before = connections.get(connectionId) ?? 0;
    const count = Math.max(before + by, 0);
    if (count > 0) connections.set(connectionId, count);
    else connections.delete(connectionId);
    if (connections.size > 0) this.#rooms.set(roomId, connections);
    else this.#rooms.delete(roomId);
    return before > 0 !== count > 0;
  }

  has(roomId: string, connectionId: string): boolean {
    return this.#rooms.get(roomId)?.has(connectionId) ?? false;
  }

  holds(roomId: string): boolean {
    return this.#rooms.has(roomId);
  }

  connectionsOf(roomId: string): Iterable<string> {
    return this.#rooms.get(roomId)?.keys() ?? [];
  }

  /** The rooms with connections. Goes on over changes. */
  roomIds(): IterableIterator<string> {
    return this.#rooms.keys();
  }

  /** The number of rooms. */
  get size(): number {
    return this.#rooms.size;
  }
}
