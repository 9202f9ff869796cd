import type { Redis } from 'ioredis';
import type { Closeable } from '#domain/ports/event-log.js';
import { retireEmptyRooms, scanActiveRooms } from '#redis/client/active-rooms.js';
import type { RedisHooks } from '#redis/client/connections.js';
import { connectionsKey, nodeKey, SWEEP_LOCK } from '#redis/client/keys.js';
import { changeSet, nodeOf, scanMembers } from '#redis/client/members.js';

/** What sweeping is made of. */
export interface SweepOptions {
  commands: Redis;
  /** Milliseconds between two sweeps, counted over all nodes. */
  everyMs: number;
  hooks?: RedisHooks;
}

/**
 * Sweeps at intervals, until closed. Each node tries; the lock lets one of them do it, and expires by
 * itself, so that another does it where that one is gone.
 */
export function startSweeping({ commands, everyMs, hooks = {} }: SweepOptions): Closeable {
  let closed = false;
  let running = Promise.resolve();
  let timer = next();

  function next(): NodeJS.Timeout {
    // Spread, so that nodes started together do not try together for ever.
    return setTimeout(
      () => {
        running = turn();
      },
      everyMs * (0.75 + Math.random() / 2),
    );
  }

  async function turn(): Promise<void> {
    try {
      if (commands.status === 'ready' && (await commands.set(SWEEP_LOCK, '1', 'PX', everyMs, 'NX'))) {
        await sweep(commands, () => closed);
      }
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
 * Takes out the connections of nodes that have no heartbeat, and the rooms that hold nothing. Ends early
 * where `isOver` says so. Throws what Redis gives as an error; the next sweep does the rest.
 */
export async function sweep(commands: Redis, isOver: () => boolean = () => false): Promise<void> {
  const alive = new Map<string, Promise<boolean>>();
  const isAlive = (nodeId: string) => {
    const known = alive.get(nodeId) ?? commands.exists(nodeKey(nodeId)).then((count) => count > 0);
    alive.set(nodeId, known);
    return known;
  };
  const swept = new Set<string>();

  for await (const roomIds of scanActiveRooms(commands)) {
    if (isOver()) break;
    await Promise.all(roomIds.map((roomId) => sweepRoom(commands, roomId, isAlive, swept)));
    await retireEmptyRooms(commands, roomIds);
  }
  // A node that was taken for dead and lives sees by its missing heartbeat that it was swept.
  await Promise.all([...swept].map((nodeId) => commands.del(nodeKey(nodeId))));
}

async function sweepRoom(
  commands: Redis,
  roomId: string,
  isAlive: (nodeId: string) => Promise<boolean>,
  swept: Set<string>,
): Promise<void> {
  for await (const members of scanMembers(commands, roomId)) {
    const dead = new Set<string>();
    for (const nodeId of new Set(members.map(nodeOf))) {
      if (!(await isAlive(nodeId))) dead.add(nodeId);
    }
    for (const nodeId of dead) swept.add(nodeId);
    const left = members.filter((member) => dead.has(nodeOf(member)));
    await changeSet(commands, 'srem', connectionsKey(roomId), left);
  }
}
