import {
  addActiveRooms,
  ROOMS_AT_ONCE,
  retireEmptyRooms,
  scanActiveRooms,
} from '#redis/client/active-rooms.js';
import { isShardAway } from '#redis/client/errors.js';
import { activeRoomsKey, connectionsKey, nodeKey } from '#redis/client/keys.js';
import { changeSet, chunks, memberOf, scanMembers } from '#redis/client/members.js';
import type { Servers } from '#redis/client/servers.js';
import type { HeldConnections } from './held.js';
import type { RoomFilter, Unsynced } from './unsynced.js';

/** Settings of `Synchronizer`. */
export interface SynchronizerOptions {
  servers: Servers;
  nodeId: string;
  held: HeldConnections;
  unsynced: Unsynced;
  /** Called when changes of a room can be flushed that had to wait for an earlier write. */
  onRoomFree(): void;
}

/**
 * Writes a node's connections to Redis. A room that cannot be written becomes unsynced and does not keep others from
 * being written. Methods throw the first error that is worth reporting, after everything else has been tried.
 *
 * Each room has one write under way at most. In a Cluster, one that is redirected to another shard could otherwise
 * arrive after a later one, and leave a connection behind that is gone.
 */
export class Synchronizer {
  /** Connections that changed since the last flush, by room. */
  #changed = new Map<string, Set<string>>();
  /** The writes under way, by room. They never reject. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(private readonly options: SynchronizerOptions) {}

  changed(roomId: string, connectionId: string): void {
    const ids = this.#changed.get(roomId);
    if (ids) ids.add(connectionId);
    else this.#changed.set(roomId, new Set([connectionId]));
  }

  /** Writes what changed since the last flush. */
  async flush(): Promise<void> {
    const { held, unsynced } = this.options;
    const changes = this.#changed;
    this.#changed = new Map();
    const writes: Promise<unknown>[] = [];
    const occupied: string[] = [];
    const vacated: string[] = [];
    for (const [roomId, ids] of changes) {
      if (this.#busy.has(roomId)) {
        this.#changed.set(roomId, ids);
        continue;
      }
      // A heartbeat writes it once everything is connected again. Until then, the connections report the outage.
      const isListed = this.#isListConnected(roomId);
      const isConnected = this.#isConnected(roomId);
      if (!isListed || !isConnected) unsynced.add(roomId);
      if (!isConnected) continue;
      const joined: string[] = [];
      const left: string[] = [];
      for (const id of ids) (held.has(roomId, id) ? joined : left).push(id);
      writes.push(this.#writeRoom(roomId, () => this.#writeChange(roomId, joined, left)));
      if (isListed && joined.length > 0) occupied.push(roomId);
      if (isListed && !held.holds(roomId)) vacated.push(roomId);
    }
    writes.push(this.#list(occupied));
    const failures = await Promise.all(writes);
    // If a room stays in the list, a sweep removes it.
    failures.push(await attempt(() => this.#retire(vacated)));
    throwFirst(failures);
  }

  /** Synchronizes what is unsynced and can be reached. Stops early if `shouldStop` returns true. */
  async reconcile(shouldStop: () => boolean): Promise<void> {
    const { servers, held, unsynced } = this.options;
    if (servers.connected().length === 0) return;
    const leftovers = unsynced.takeLeftovers();
    const failures: unknown[] = [];
    const roomIds = unsynced.takeRooms(
      (roomId) => this.#isConnected(roomId) && this.#isListConnected(roomId),
    );
    for (const part of chunks(roomIds, ROOMS_AT_ONCE)) {
      if (shouldStop()) return;
      const writes = part.map((roomId) => {
        // The scan below finds the leftovers of active rooms. A room that the node left may not be active.
        const isScanned = leftovers?.(roomId) && held.holds(roomId);
        return this.#whenFree(roomId, async () => {
          await this.#write('sadd', roomId, held.connectionsOf(roomId));
          if (!isScanned) await this.#removeLeftovers(roomId);
        });
      });
      writes.push(this.#list(part.filter((roomId) => held.holds(roomId))));
      failures.push(...(await Promise.all(writes)));
      failures.push(await attempt(() => this.#retire(part.filter((roomId) => !held.holds(roomId)))));
    }
    if (leftovers) {
      const failure = await attempt(() => this.#scan(leftovers, shouldStop));
      if (failure !== undefined) unsynced.addLeftovers(leftovers);
      failures.push(failure);
    }
    throwFirst(failures);
  }

  /** Removes all connections from Redis, including those that left since the last flush, and the heartbeat. */
  async removeAll(): Promise<void> {
    const { servers, nodeId, held } = this.options;
    const roomIds = [...new Set([...held.roomIds(), ...this.#changed.keys()])].filter((roomId) =>
      this.#isConnected(roomId),
    );
    const removals = roomIds.map((roomId) =>
      attempt(() =>
        this.#write('srem', roomId, [...held.connectionsOf(roomId), ...(this.#changed.get(roomId) ?? [])]),
      ),
    );
    if (servers.isConnected(nodeKey(nodeId))) {
      removals.push(attempt(() => servers.commands.del(nodeKey(nodeId))));
    }
    const failures = await Promise.all(removals);
    await this.#retire(roomIds.filter((_, index) => failures[index] === undefined));
    throwFirst(failures);
  }

  /**
   * Removes this node's leftovers from the active rooms that the filter takes. What is on a shard that is disconnected
   * follows when it is connected again. If a shard is connected but cannot list its rooms, the next heartbeat tries again.
   */
  async #scan(filter: RoomFilter, shouldStop: () => boolean): Promise<void> {
    const { servers, unsynced } = this.options;
    const failures: unknown[] = [];
    const unlisted = new Set<string>();
    const onSkipped = (key: string) => void (servers.isConnected(key) && unlisted.add(key));
    for await (const batch of scanActiveRooms(servers, onSkipped)) {
      if (shouldStop()) return;
      const vacated: string[] = [];
      const reachable = batch.filter((roomId) => filter(roomId) && this.#isConnected(roomId));
      const writes = reachable.map((roomId) =>
        this.#whenFree(roomId, async () => {
          if (await this.#removeLeftovers(roomId)) vacated.push(roomId);
        }),
      );
      const results = [...(await Promise.all(writes)), await attempt(() => this.#retire(vacated))];
      failures.push(...results.filter((failure) => failure !== undefined));
    }
    if (unlisted.size > 0) {
      unsynced.addLeftovers((roomId) => unlisted.has(activeRoomsKey(roomId, servers.isCluster)));
    }
    throwFirst(failures);
  }

  /**
   * Removes connections of this node that are in Redis but not held. Reads what is held just before each write, because
   * it changes meanwhile. Returns whether there were any.
   */
  async #removeLeftovers(roomId: string): Promise<boolean> {
    const { servers, nodeId, held } = this.options;
    let found = false;
    for await (const members of scanMembers(servers.commands, roomId, nodeId)) {
      const ids = members.map((member) => member.slice(nodeId.length + 1));
      const leftovers = ids.filter((id) => !held.has(roomId, id));
      await this.#write('srem', roomId, leftovers);
      found ||= leftovers.length > 0;
    }
    return found;
  }

  /** Runs a write of a room after the one that is under way. Resolves to the error if it failed. */
  async #whenFree(roomId: string, write: () => Promise<unknown>): Promise<unknown> {
    while (this.#busy.has(roomId)) await this.#busy.get(roomId);
    return this.#writeRoom(roomId, write);
  }

  /** Runs a write of a room that has none under way. Resolves to the error if it failed. */
  #writeRoom(roomId: string, write: () => Promise<unknown>): Promise<unknown> {
    const written = this.#runWrite(roomId, write);
    this.#busy.set(roomId, written);
    return written;
  }

  async #runWrite(roomId: string, write: () => Promise<unknown>): Promise<unknown> {
    let failure: unknown;
    try {
      await write();
    } catch (error) {
      failure = error;
      this.options.unsynced.add(roomId);
    }
    this.#busy.delete(roomId);
    if (this.#changed.has(roomId)) this.options.onRoomFree();
    return failure;
  }

  /** Sends both commands in one round trip. */
  #writeChange(roomId: string, joined: readonly string[], left: readonly string[]): Promise<unknown> {
    if (left.length === 0) return this.#write('sadd', roomId, joined);
    if (joined.length === 0) return this.#write('srem', roomId, left);
    return Promise.all([this.#write('sadd', roomId, joined), this.#write('srem', roomId, left)]);
  }

  #write(command: 'sadd' | 'srem', roomId: string, connectionIds: Iterable<string>): Promise<void> {
    const { servers, nodeId } = this.options;
    const members = Array.from(connectionIds, (id) => memberOf(nodeId, id));
    return changeSet(servers.commands, command, connectionsKey(roomId), members);
  }

  /** Lists rooms as active. Resolves to the error if it failed. */
  async #list(roomIds: readonly string[]): Promise<unknown> {
    const failure = await attempt(() => addActiveRooms(this.options.servers, roomIds));
    if (failure !== undefined) for (const roomId of roomIds) this.options.unsynced.add(roomId);
    return failure;
  }

  #retire(roomIds: readonly string[]): Promise<void> {
    return retireEmptyRooms(this.options.servers, roomIds);
  }

  /** Whether the shard of the room's connections is connected. */
  #isConnected(roomId: string): boolean {
    return this.options.servers.isConnected(connectionsKey(roomId));
  }

  /** Whether the shard is connected whose part of the list of active rooms the room belongs to. */
  #isListConnected(roomId: string): boolean {
    const { servers } = this.options;
    return servers.isConnected(activeRoomsKey(roomId, servers.isCluster));
  }
}

/** Runs work and resolves to its error, or to undefined. */
async function attempt(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Throws the first error that is not a shard's that is moving or failing over. */
function throwFirst(failures: readonly unknown[]): void {
  const failure = failures.find((error) => error !== undefined && !isShardAway(error));
  if (failure !== undefined) throw failure;
}
