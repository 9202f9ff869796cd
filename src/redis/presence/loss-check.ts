import { addActiveRooms, ROOMS_AT_ONCE } from '#redis/client/active-rooms.js';
import { eachOrUnavailable, unlessWrongType } from '#redis/client/errors.js';
import { activeRoomsKey, connectionsKey } from '#redis/client/keys.js';
import { chunks, memberOf } from '#redis/client/members.js';
import type { Servers } from '#redis/client/servers.js';
import type { HeldConnections } from './held.js';
import type { Unsynced } from './unsynced.js';

/** Settings of `LossCheck`. */
export interface LossCheckOptions {
  servers: Servers;
  nodeId: string;
  held: HeldConnections;
  unsynced: Unsynced;
}

/** Rooms that one check looks at, in turn. If the node holds no more, each check looks at all of them. */
const ROOMS_PER_CHECK = 1_000;

/**
 * Notices that a shard of a Cluster lost its data while it was connected: by FLUSHALL, or because an empty replica was
 * promoted. A heartbeat of the node tells only of the shard that has it, and a heartbeat for each shard would need keys
 * that are chosen by slots, which move. So it asks for what must be there: one connection in each room. If one is gone,
 * its shard may have lost more, and all rooms are checked.
 *
 * The rooms are also listed as active again, because the list may have been on that shard. Both only repeat what Redis has
 * been told before, so a false alarm does no harm.
 */
export class LossCheck {
  #next: IterableIterator<string> | undefined;

  constructor(private readonly options: LossCheckOptions) {}

  /** Makes rooms unsynced whose connections are gone. Throws Redis errors unchanged. */
  async run(): Promise<void> {
    const { servers, held, unsynced } = this.options;
    const roomIds = this.#take();
    let lost = await this.#findLost(roomIds);
    if (lost.length > 0 && roomIds.length < held.size) lost = await this.#findLost([...held.roomIds()]);
    for (const roomId of lost) unsynced.add(roomId);
    const isListable = (roomId: string) =>
      held.holds(roomId) && servers.isConnected(activeRoomsKey(roomId, servers.isCluster));
    await addActiveRooms(servers, roomIds.filter(isListable));
  }

  /** The rooms whose turn it is. */
  #take(): string[] {
    const taken = new Set<string>();
    const count = Math.min(ROOMS_PER_CHECK, this.options.held.size);
    while (taken.size < count) {
      this.#next ??= this.options.held.roomIds();
      const { value, done } = this.#next.next();
      if (done) this.#next = undefined;
      else taken.add(value);
    }
    return [...taken];
  }

  async #findLost(roomIds: readonly string[]): Promise<string[]> {
    const lost: string[] = [];
    for (const part of chunks(roomIds, ROOMS_AT_ONCE)) {
      const answers = await eachOrUnavailable(
        '',
        part.map((roomId) => this.#isThere(roomId)),
      );
      lost.push(...part.filter((_, index) => answers[index] === false));
    }
    return lost;
  }

  /** Whether Redis has a connection of the room, or cannot be asked. */
  async #isThere(roomId: string): Promise<boolean> {
    const { servers, nodeId, held, unsynced } = this.options;
    const key = connectionsKey(roomId);
    if (unsynced.has(roomId) || !servers.isConnected(key)) return true;
    const [connectionId] = held.connectionsOf(roomId);
    if (connectionId === undefined) return true;
    const found = servers.commands.sismember(key, memberOf(nodeId, connectionId));
    return (await unlessWrongType(found, () => 1)) === 1;
  }
}
