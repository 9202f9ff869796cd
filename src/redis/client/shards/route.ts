import { setTimeout as delay } from 'node:timers/promises';
import { ShardAwayError } from '#redis/client/errors.js';
import { parseRedirect } from './redirect.js';
import type { Shard } from './shard.js';
import type { Topology } from './topology.js';

/** MOVED and ASK that are followed in a row. More mean that the shards do not agree with each other. */
const HOPS = 3;

/** How long a command is tried again while the keys of its slot are on two shards, in milliseconds. */
const TRY_AGAIN_MS = 1_000;

/** The time between two of these attempts, in milliseconds. */
const TRY_AGAIN_PAUSE_MS = 20;

/** Sends something to a shard. `isAsking`: each command must follow an ASKING on the same connection. */
export type Send<T> = (shard: Shard, isAsking: boolean) => Promise<T>;

/**
 * Sends to the shard that has a slot, and follows the redirections of shards. A redirected command was not executed, so
 * sending it again cannot run it twice. Every other error is thrown unchanged and at once: after a timeout or a lost
 * connection nobody knows whether the command ran. Throws a ShardAwayError if nobody has the slot.
 *
 * See the specification of Redis Cluster, "MOVED Redirection", "ASK redirection" and "Multi-key operations".
 */
export async function route<T>(
  topology: Topology,
  slot: number,
  send: Send<T>,
  onMoved: () => void,
): Promise<T> {
  let shard = ownerOf(topology, slot);
  let isAsking = false;
  let hops = 0;
  let tryAgainUntil: number | undefined;
  for (;;) {
    try {
      shard.usedAt = performance.now();
      if (!shard.wasConnected) await shard.attempted;
      return await send(shard, isAsking);
    } catch (error) {
      const redirect = parseRedirect(error, shard.address, topology.natMap);
      if (redirect === undefined) throw error;
      if (redirect.kind === 'try again') {
        tryAgainUntil ??= performance.now() + TRY_AGAIN_MS;
        if (performance.now() > tryAgainUntil) throw error;
        await delay(TRY_AGAIN_PAUSE_MS);
        shard = ownerOf(topology, slot);
        isAsking = false;
        hops = 0;
        continue;
      }
      hops += 1;
      if (hops > HOPS) throw error;
      isAsking = redirect.kind === 'ask';
      shard = isAsking ? topology.shardAt(redirect.to) : topology.moved(redirect.slot, redirect.to);
      if (!isAsking) onMoved();
    }
  }
}

function ownerOf(topology: Topology, slot: number): Shard {
  const shard = topology.ownerOf(slot);
  if (shard !== undefined) return shard;
  throw new ShardAwayError(
    topology.map ? `No shard has slot ${slot} now.` : 'No node of the Cluster has answered yet.',
  );
}
