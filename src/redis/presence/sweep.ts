import type { Closeable } from '#domain/ports/feed.js';
import { retireEmptyRooms, scanActiveRooms } from '#redis/client/active-rooms.js';
import type { Commands } from '#redis/client/commands.js';
import { isAway } from '#redis/client/errors.js';
import type { RedisHooks } from '#redis/client/hooks.js';
import { connectionsKey, nodeKey, SWEEP_LOCK } from '#redis/client/keys.js';
import { changeSet, nodeOf, scanMembers } from '#redis/client/members.js';
import type { Servers } from '#redis/client/servers.js';

/** Settings of `startSweeping`. */
export interface SweepOptions {
  servers: Servers;
  /** Milliseconds between two sweeps, over all nodes together. */
  everyMs: number;
  hooks?: RedisHooks;
}

/**
 * Sweeps at intervals until closed. All nodes try, and a lock lets one of them sweep. The lock expires, so
 * another node takes over if that one dies.
 */
export function startSweeping({ servers, everyMs, hooks = {} }: SweepOptions): Closeable {
  let closed = false;
  let running = Promise.resolve();
  let timer = next();

  function next(): NodeJS.Timeout {
    // Jitter keeps nodes that started together from trying together forever.
    return setTimeout(
      () => {
        running = trySweep();
      },
      everyMs * (0.75 + Math.random() / 2),
    );
  }

  async function lock(): Promise<boolean> {
    return (await servers.commands.set(SWEEP_LOCK, '1', 'PX', everyMs, 'NX')) !== null;
  }

  async function trySweep(): Promise<void> {
    try {
      if (servers.isConnected(SWEEP_LOCK) && (await lock())) await sweep(servers, () => closed);
    } catch (error) {
      if (!closed) hooks.onError?.('sweep', error);
    }
    if (!closed) timer = next();
  }

  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      return running;
    },
  };
}

/**
 * Removes the connections of nodes without a heartbeat, and rooms that are empty. Stops early if `shouldStop`
 * returns true. In a Cluster, leaves rooms whose shard is away to a later sweep, and takes a node as alive while the
 * shard of its heartbeat is away. If a room fails for another reason, such as a shard that refuses writes, sweeps the
 * others and then throws the first error unchanged. The next sweep does the rest.
 */
export async function sweep(servers: Servers, shouldStop: () => boolean = () => false): Promise<void> {
  const { commands } = servers;
  const alive = new Map<string, Promise<boolean>>();
  const isAlive = (nodeId: string) => {
    const known = alive.get(nodeId) ?? hasHeartbeat(commands, nodeId);
    alive.set(nodeId, known);
    return known;
  };
  const sweptNodes = new Set<string>();
  const failures: unknown[] = [];
  const attempt = async (work: Promise<unknown>) => {
    try {
      await work;
    } catch (error) {
      if (failures.length === 0 && !isAway(error)) failures.push(error);
    }
  };

  for await (const roomIds of scanActiveRooms(servers)) {
    if (shouldStop()) break;
    await Promise.all(roomIds.map((roomId) => attempt(sweepRoom(commands, roomId, isAlive, sweptNodes))));
    await attempt(retireEmptyRooms(servers, roomIds));
  }
  // A live node that was swept by mistake notices its missing heartbeat and announces itself again.
  await Promise.all([...sweptNodes].map((nodeId) => attempt(commands.del(nodeKey(nodeId)))));
  if (failures.length > 0) throw failures[0];
}

async function hasHeartbeat(commands: Commands, nodeId: string): Promise<boolean> {
  try {
    return (await commands.exists(nodeKey(nodeId))) > 0;
  } catch (error) {
    if (isAway(error)) return true;
    throw error;
  }
}

async function sweepRoom(
  commands: Commands,
  roomId: string,
  isAlive: (nodeId: string) => Promise<boolean>,
  sweptNodes: Set<string>,
): Promise<void> {
  for await (const members of scanMembers(commands, roomId)) {
    const dead = new Set<string>();
    for (const nodeId of new Set(members.map(nodeOf))) {
      if (!(await isAlive(nodeId))) dead.add(nodeId);
    }
    for (const nodeId of dead) sweptNodes.add(nodeId);
    const stale = members.filter((member) => dead.has(nodeOf(member)));
    await changeSet(commands, 'srem', connectionsKey(roomId), stale);
  }
}
