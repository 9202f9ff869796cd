import type { Redis } from 'ioredis';
import type { Closeable } from '#domain/ports/feed.js';
import type { Presence } from '#domain/ports/presence.js';
import { retireEmptyRooms } from '#redis/client/active-rooms.js';
import type { RedisHooks } from '#redis/client/connections.js';
import { nodeKey, ROOMS_ACTIVE } from '#redis/client/keys.js';
import { changeSet } from '#redis/client/members.js';
import { addAllConnections, changeConnections, removeStrays } from './reconcile.js';
import { startSweeping } from './sweep.js';

/** Settings of `createPresence`. */
export interface PresenceOptions {
  /** Must have autopipelining enabled: it keeps commands in order and sends those of one turn together. */
  commands: Redis;
  /** Unique among all nodes. */
  nodeId: string;
  /** Milliseconds between two heartbeats. A node counts as dead after missing three. */
  heartbeatMs: number;
  hooks?: RedisHooks;
}

/** Presence with a lifetime. `close` removes this node's connections from Redis, if Redis is reachable. */
export interface RedisPresence extends Presence, Closeable {
  start(): void;
}

/** Minimum milliseconds between two flushes. Changes in between are sent together. */
const FLUSH_INTERVAL_MS = 50;

/**
 * Records in Redis which connections are in which room. This node's own state is the source of truth, and
 * Redis is synchronized with it: incrementally after each change, and in full by the next heartbeat after a
 * failure or an outage. There is no queue of changes, so memory is bounded by the number of connections.
 */
export function createPresence(options: PresenceOptions): RedisPresence {
  const { commands, nodeId, heartbeatMs, hooks = {} } = options;
  const held = new Map<string, Map<string, number>>();
  /** Connections that changed since the last flush, by room. */
  let changed = new Map<string, Set<string>>();
  let flushTimer: NodeJS.Timeout | undefined;
  let flushedAt = Number.NEGATIVE_INFINITY;
  /** Whether Redis may differ from `held`. True at first, because an earlier run may have left entries. */
  let needsFullSync = true;
  let heartbeat: NodeJS.Timeout | undefined;
  let sweeping: Closeable | undefined;
  let closing: Promise<void> | undefined;
  /** Settles once all writes begun so far have finished. */
  let pendingWrites: Promise<unknown> = Promise.resolve();
  const write = (command: 'sadd' | 'srem', roomId: string, connectionIds: Iterable<string>) =>
    changeConnections(commands, nodeId, { command, roomId, connectionIds });

  function change(roomId: string, connectionId: string, by: 1 | -1): void {
    if (closing) return;
    const connections = held.get(roomId) ?? new Map<string, number>();
    const before = connections.get(connectionId) ?? 0;
    const count = Math.max(before + by, 0);
    if (count > 0) connections.set(connectionId, count);
    else connections.delete(connectionId);
    if (connections.size > 0) held.set(roomId, connections);
    else held.delete(roomId);
    if (before > 0 === count > 0) return;

    const ids = changed.get(roomId) ?? new Set();
    changed.set(roomId, ids.add(connectionId));
    // Flush a single change at once, but send the changes of a crowd together.
    const wait = Math.max(flushedAt + FLUSH_INTERVAL_MS - performance.now(), 0);
    flushTimer ??= setTimeout(() => attempt('presence', flush), wait);
  }

  /** Runs work that synchronizes Redis. If it fails, the next heartbeat synchronizes everything. */
  function attempt(where: string, work: () => Promise<void>): void {
    // While Redis is down, the connections report it. Do not report it again for each change.
    if (commands.status !== 'ready') {
      needsFullSync = true;
      changed.clear();
      flushTimer = undefined;
      return;
    }
    const done = work().catch((error) => {
      needsFullSync = true;
      hooks.onError?.(where, error);
    });
    pendingWrites = Promise.all([pendingWrites, done]);
  }

  async function flush(): Promise<void> {
    const changes = changed;
    changed = new Map();
    flushTimer = undefined;
    flushedAt = performance.now();
    const writes: Promise<void>[] = [];
    const occupied: string[] = [];
    const vacated: string[] = [];
    for (const [roomId, ids] of changes) {
      const connections = held.get(roomId);
      const joined = [...ids].filter((id) => connections?.has(id));
      const left = [...ids].filter((id) => !connections?.has(id));
      writes.push(write('sadd', roomId, joined), write('srem', roomId, left));
      if (joined.length > 0) occupied.push(roomId);
      if (!connections) vacated.push(roomId);
    }
    writes.push(changeSet(commands, 'sadd', ROOMS_ACTIVE, occupied));
    await Promise.all(writes);
    await retireEmptyRooms(commands, vacated);
  }

  async function beat(): Promise<void> {
    const previous = await commands.set(nodeKey(nodeId), '1', 'PX', 3 * heartbeatMs, 'GET');
    // The previous heartbeat is gone: Redis lost its data, or this node was swept as dead.
    if (previous === null) needsFullSync = true;
    if (!needsFullSync || closing) return;
    needsFullSync = false;
    await addAllConnections(commands, nodeId, held);
    await removeStrays(commands, nodeId, held, () => closing !== undefined);
  }

  const onReady = () => {
    needsFullSync = true;
    attempt('heartbeat', beat);
  };

  async function stop(): Promise<void> {
    clearInterval(heartbeat);
    clearTimeout(flushTimer);
    commands.off('ready', onReady);
    const swept = sweeping?.close();
    // A late write must not undo the removal below.
    await pendingWrites;
    try {
      // If Redis is down, this node's heartbeat expires and another node sweeps its connections.
      if (commands.status === 'ready') await removeAllConnections();
    } catch (error) {
      hooks.onError?.('presence close', error);
    }
    await swept;
  }

  /** Removes all connections from Redis, including those that left since the last flush. */
  async function removeAllConnections(): Promise<void> {
    const roomIds = [...new Set([...held.keys(), ...changed.keys()])];
    const writes = roomIds.map((roomId) =>
      write('srem', roomId, [...(held.get(roomId)?.keys() ?? []), ...(changed.get(roomId) ?? [])]),
    );
    await Promise.all([...writes, commands.del(nodeKey(nodeId))]);
    await retireEmptyRooms(commands, roomIds);
  }

  return {
    join: (roomId, connectionId) => change(roomId, connectionId, 1),
    leave: (roomId, connectionId) => change(roomId, connectionId, -1),
    start() {
      if (heartbeat || closing) return;
      heartbeat = setInterval(() => attempt('heartbeat', beat), heartbeatMs);
      commands.on('ready', onReady);
      sweeping = startSweeping({ commands, everyMs: 3 * heartbeatMs, hooks });
      attempt('heartbeat', beat);
    },
    close() {
      closing ??= stop();
      return closing;
    },
  };
}
