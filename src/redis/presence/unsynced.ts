import type { HeldConnections } from './held.js';

/** Tells rooms by their id. */
export type RoomFilter = (roomId: string) => boolean;

/** Rooms to remember beyond those that the node holds. */
const MAX_OTHERS = 10_000;

const everyRoom: RoomFilter = () => true;

/**
 * Where Redis may differ from what this node holds:
 *
 *   rooms       rooms whose last write failed or could not be sent, and rooms of a shard that may have lost its data
 *   leftovers   rooms in which Redis may still have connections of this node that are gone: those of an earlier run, and
 *               those that left while Redis could not be told. Only a scan of all active rooms finds them
 *
 * Everything is unsynced at first, because an earlier run may have left connections. There is no queue of changes, so
 * memory is bounded by the number of rooms that the node holds, and MAX_OTHERS.
 */
export class Unsynced {
  readonly #rooms = new Set<string>();
  #leftovers: RoomFilter | undefined = everyRoom;

  constructor(private readonly held: HeldConnections) {}

  add(roomId: string): void {
    this.#rooms.add(roomId);
    // Too many rooms that the node does not hold. A scan finds those, too.
    if (this.#rooms.size > this.held.size + MAX_OTHERS) this.addAll();
  }

  has(roomId: string): boolean {
    return this.#rooms.has(roomId);
  }

  /** Adds everything in these rooms, by default in all rooms. */
  addAll(filter: RoomFilter = everyRoom): void {
    if (filter === everyRoom) this.#rooms.clear();
    for (const roomId of this.held.roomIds()) if (filter(roomId)) this.#rooms.add(roomId);
    this.addLeftovers(filter);
  }

  addLeftovers(filter: RoomFilter): void {
    // A chain of filters could grow forever, so two become one that takes all rooms.
    this.#leftovers = this.#leftovers === undefined ? filter : everyRoom;
  }

  /** Takes out the rooms that can be synchronized now. */
  takeRooms(isReachable: RoomFilter): string[] {
    const taken = [...this.#rooms].filter(isReachable);
    for (const roomId of taken) this.#rooms.delete(roomId);
    return taken;
  }

  /** Takes out the rooms to scan for leftovers. Undefined if there are none. */
  takeLeftovers(): RoomFilter | undefined {
    const filter = this.#leftovers;
    this.#leftovers = undefined;
    return filter;
  }
}
