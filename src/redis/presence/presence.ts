import type { Closeable } from '#domain/ports/feed.js';
import type { Presence } from '#domain/ports/presence.js';
import type { RedisHooks } from '#redis/client/hooks.js';
import { activeRoomsKey, connectionsKey, nodeKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import { HeldConnections } from './held.js';
import { LossCheck } from './loss-check.js';
import { startSweeping } from './sweep.js';
import { Synchronizer } from './synchronizer.js';
import { Unsynced } from './unsynced.js';

/** Settings of `createPresence`. */
export interface PresenceOptions {
  servers: Servers;
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
 * Redis is synchronized with it: incrementally after each change, and after a failure or an outage by the next heartbeat,
 * which repeats only the affected rooms. See `Unsynced`.
 *
 * If Redis has lost its data, this is noticed when it is connected again, or by the next heartbeat: the previous one is
 * gone. In a Cluster, a heartbeat tells this of one shard only, so single connections are looked up as well. See
 * `LossCheck`.
 */
export function createPresence({ servers, nodeId, heartbeatMs, hooks = {} }: PresenceOptions): RedisPresence {
  const { commands } = servers;
  const held = new HeldConnections();
  const unsynced = new Unsynced(held);
  const sync = new Synchronizer({ servers, nodeId, held, unsynced, onRoomFree: () => schedule() });
  const lossCheck = servers.isCluster ? new LossCheck({ servers, nodeId, held, unsynced }) : undefined;
  let flushTimer: NodeJS.Timeout | undefined;
  let flushedAt = Number.NEGATIVE_INFINITY;
  let heartbeat: NodeJS.Timeout | undefined;
  let stopListening: (() => void) | undefined;
  let sweeping: Closeable | undefined;
  let closing: Promise<void> | undefined;
  const running = new Set<Promise<void>>();

  function change(roomId: string, connectionId: string, by: 1 | -1): void {
    if (closing || !held.change(roomId, connectionId, by)) return;
    sync.changed(roomId, connectionId);
    schedule();
  }

  /** Sends a single change at once, but the changes of a crowd together. */
  function schedule(): void {
    if (closing) return;
    const wait = Math.max(flushedAt + FLUSH_INTERVAL_MS - performance.now(), 0);
    flushTimer ??= setTimeout(() => {
      flushTimer = undefined;
      flushedAt = performance.now();
      run('presence', () => sync.flush());
    }, wait);
  }

  /** Runs work in the background, step by step. A step that fails is reported and does not stop the next one. */
  function run(where: string, ...steps: (() => Promise<void>)[]): void {
    const done = (async () => {
      for (const step of steps) {
        if (closing) break;
        await step().catch((error: unknown) => hooks.onError?.(where, error));
      }
    })().finally(() => running.delete(done));
    running.add(done);
  }

  async function sendHeartbeat(): Promise<void> {
    // While Redis is down, the connections report it.
    if (!servers.isConnected(nodeKey(nodeId))) return;
    const previous = await commands.set(nodeKey(nodeId), '1', 'PX', 3 * heartbeatMs, 'GET');
    // The previous heartbeat is gone: Redis lost its data, or this node was swept as dead.
    if (previous === null) unsynced.addAll();
  }

  function beat(): void {
    run(
      'heartbeat',
      sendHeartbeat,
      async () => lossCheck?.run(),
      () => sync.reconcile(() => closing !== undefined),
    );
  }

  async function stop(): Promise<void> {
    clearInterval(heartbeat);
    clearTimeout(flushTimer);
    stopListening?.();
    const swept = sweeping?.close();
    // A late write must not undo the removal below.
    await Promise.all(running);
    try {
      // If Redis is down, this node's heartbeat expires and another node sweeps its connections.
      await sync.removeAll();
    } catch (error) {
      hooks.onError?.('presence close', error);
    }
    await swept;
  }

  return {
    join: (roomId, connectionId) => change(roomId, connectionId, 1),
    leave: (roomId, connectionId) => change(roomId, connectionId, -1),
    start() {
      if (heartbeat || closing) return;
      heartbeat = setInterval(beat, heartbeatMs);
      stopListening = servers.onConnected((holds) => {
        unsynced.addAll(
          (roomId) => holds(connectionsKey(roomId)) || holds(activeRoomsKey(roomId, servers.isCluster)),
        );
        beat();
      });
      sweeping = startSweeping({ servers, everyMs: 3 * heartbeatMs, hooks });
      beat();
    },
    close() {
      closing ??= stop();
      return closing;
    },
  };
}
