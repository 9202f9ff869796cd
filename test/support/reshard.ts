import { Redis } from 'ioredis';
import type { ClusterNode } from './cluster-node.js';
import { until } from './until.js';

export interface SlotMove {
  from: ClusterNode;
  to: ClusterNode;
  slots: readonly number[];
  /** Servers that learn of the new owner at once instead of by gossip. */
  others: readonly ClusterNode[];
  /**
   * `keys`: slot by slot with MIGRATE, as redis-cli does, which leads to ASK and TRYAGAIN. `slots`: whole ranges at
   * once with CLUSTER MIGRATESLOTS (Valkey 9). Defaults to `keys`.
   */
  by?: 'keys' | 'slots';
}

/** Slots that are moving at the same time. */
const AT_ONCE = 10;

/** Moves slots and the keys in them from one primary to another. Returns the number of slots that were moved. */
export async function moveSlots(move: SlotMove): Promise<number> {
  return move.by === 'slots' ? moveRanges(move) : moveOneByOne(move);
}

async function moveOneByOne({ from, to, slots, others }: SlotMove): Promise<number> {
  const connections = new Map([from, to, ...others].map((node) => [node, open(node)]));
  const source = connections.get(from)!;
  const target = connections.get(to)!;
  // Those of MIGRATE: the target may demand a login.
  const { username, password } = new URL(to.testerUrl);
  const auth = password === '' ? [] : ['AUTH2', username, password];
  try {
    const moveOne = async (slot: number) => {
      await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
      await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
      for (;;) {
        const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
        if (keys.length === 0) break;
        await source.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, ...auth, 'KEYS', ...keys);
      }
      // The target first: it must not refuse the slot while everybody is sent to it.
      for (const connection of [target, source]) {
        await connection.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
      }
      // Replicas refuse it, and a server that is down learns of it later.
      await Promise.allSettled(
        others.map((node) => connections.get(node)!.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)),
      );
    };
    for (let moved = 0; moved < slots.length; moved += AT_ONCE) {
      await Promise.all(slots.slice(moved, moved + AT_ONCE).map(moveOne));
    }
    return slots.length;
  } finally {
    for (const connection of connections.values()) connection.disconnect();
  }
}

async function moveRanges({ from, to, slots }: SlotMove): Promise<number> {
  const ranges = rangesOf(slots).flatMap(([first, last]) => [String(first), String(last)]);
  await from.cli('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...ranges, 'NODE', to.id);
  await until(
    async () => {
      const states = await from.cli('CLUSTER', 'GETSLOTMIGRATIONS');
      if (/^(failed|cancelled)$/m.test(states)) throw new Error(`The migration failed: ${states}`);
      return /^success$/m.test(states);
    },
    { what: 'the slots to be migrated', timeout: 40_000, interval: 50 },
  );
  return slots.length;
}

/** Consecutive slots as ranges, both ends included. */
function rangesOf(slots: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const slot of [...slots].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

/** A connection that does not reconnect. A command on a server that is down fails at once. */
function open(node: ClusterNode): Redis {
  const connection = new Redis(node.testerUrl, {
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
  });
  // The command fails with the same error.
  connection.on('error', () => undefined);
  return connection;
}
