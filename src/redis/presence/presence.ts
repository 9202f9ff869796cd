import type { Redis } from 'ioredis';
import type { Closeable, Presence } from '#domain/ports/event-log.js';
import { retireEmptyRooms } from '#redis/client/active-rooms.js';
import type { RedisHooks } from '#redis/client/connections.js';
import { nodeKey, ROOMS_ACTIVE } from '#redis/client/keys.js';
import { changeSet } from '#redis/client/members.js';
import { announce, changeConnections, removeStrays } from './reconcile.js';
import { startSweeping } from './sweep.js';

/** What presence is made of. */
export interface PresenceOptions {
  /** With autopipelining: it keeps what is asked in its order, and asks the changes of one turn together. */
  commands: Redis;
  /** Tells this node from all others. */
  nodeId: string;
  /** Milliseconds between two heartbeats; a node is taken for dead after three without one. */
  heartbeatMs?: number;
  hooks?: RedisHooks;
}

/** Presence, its start and its end. `close` takes this node's connections out, where Redis is there. */
export interface RedisPresence extends Presence, Closeable {
  start(): void;
}

/** Changes that come within this many milliseconds of the last ones go to Redis together. */
const GATHER_MS = 50;

/**
 * Tells Redis which connections are in which room. What this node holds is kept here, and Redis is brought
 * into line with it: at once after each change, and wholly after a failure or an outage, by the next
 * heartbeat. There is no queue of changes, so memory is bounded by what is held.
 */
export function createPresence(options: PresenceOptions): RedisPresence {
  const { commands, nodeId, heartbeatMs = 10_000, hooks = {} } = options;
  const held = new Map<string, Map<string, number>>();
  /** The connections that changed since the last flush, by room. */
  let changed = new Map<string, Set<string>>();
  let flushing: NodeJS.Timeout | undefined;
  let flushedAt = Number.NEGATIVE_INFINITY;
  /** Whether Redis may hold other than what is held here. At first: what an earlier run left. */
  let outOfLine = true;
  let heartbeat: NodeJS.Timeout | undefined;
  let sweeping: Closeable | undefined;
  let closing: Promise<void> | undefined;
  /** What is being told to Redis. */
  let underWay: Promise<unknown> = Promise.resolve();
  const write = (change: 'sadd' | 'srem', roomId: string, connectionIds: Iterable<string>) =>
    changeConnections(commands, nodeId, change, roomId, connectionIds);

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
    // The first change at once; a crowd's together.
    const wait = Math.max(flushedAt + GATHER_MS - performance.now(), 0);
    flushing ??= setTimeout(() => attempt('presence', flush), wait);
  }

  /** Runs what brings Redis into line; where it fails, the next heartbeat does all of it. */
  function attempt(where: string, work: () => Promise<void>): void {
    // While Redis is away, the connections say so; there is no need to say it at each change.
    if (commands.status !== 'ready') {
      outOfLine = true;
      changed.clear();
      flushing = undefined;
      return;
    }
    const done = work().catch((error) => {
      outOfLine = true;
      hooks.onError?.(where, error);
    });
    underWay = Promise.all([underWay, done]);
  }

  async function flush(): Promise<void> {
    const changes = changed;
    changed = new Map();
    flushing = undefined;
    flushedAt = performance.now();
    const writes: Promise<void>[] = [];
    const joined: string[] = [];
    const left: string[] = [];
    for (const [roomId, ids] of changes) {
      const connections = held.get(roomId);
      const here = [...ids].filter((id) => connections?.has(id));
      const gone = [...ids].filter((id) => !connections?.has(id));
      writes.push(write('sadd', roomId, here), write('srem', roomId, gone));
      if (here.length > 0) joined.push(roomId);
      if (!connections) left.push(roomId);
    }
    writes.push(changeSet(commands, 'sadd', ROOMS_ACTIVE, joined));
    await Promise.all(writes);
    await retireEmptyRooms(commands, left);
  }

  async function beat(): Promise<void> {
    const previous = await commands.set(nodeKey(nodeId), '1', 'PX', 3 * heartbeatMs, 'GET');
    // No heartbeat before this one: Redis lost it, or it expired and this node was swept as dead.
    if (previous === null) outOfLine = true;
    if (!outOfLine || closing) return;
    outOfLine = false;
    await announce(commands, nodeId, held);
    await removeStrays(commands, nodeId, held, () => closing !== undefined);
  }

  const onReady = () => {
    outOfLine = true;
    attempt('heartbeat', beat);
  };

  async function stop(): Promise<void> {
    clearInterval(heartbeat);
    clearTimeout(flushing);
    commands.off('ready', onReady);
    const swept = sweeping?.close();
    // What is being told now must not come after what is told last.
    await underWay;
    try {
      // Where Redis is away, this node's heartbeat expires, and another node takes its connections out.
      if (commands.status === 'ready') await withdraw();
    } catch (error) {
      hooks.onError?.('presence close', error);
    }
    await swept;
  }

  /** Takes out what is held, and what left just now and was not yet told. */
  async function withdraw(): Promise<void> {
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
