import type { Counts } from '../../../test/support/ledger.js';

/** What one fault did to the rooms of its shard and to the others. */
export interface Episode {
  fault: string;
  /** Longest time from the first attempt of a message to its acceptance, in milliseconds. */
  waitMs: number;
  /** Refusals by code. */
  refusals: Record<string, number>;
  /** The same for rooms that nothing happened to. Undefined if any room may have noticed the fault. */
  others?: { waitMs: number; refusals: Record<string, number> };
}

/** The result of a soak test of a Cluster. */
export interface ClusterOutcome {
  episodes: readonly Episode[];
  /** Errors while causing a fault. */
  failures: readonly string[];
  counts: readonly (Counts & { roomId: string; gaps: number })[];
  /** Messages that were accepted. */
  acknowledged: number;
  /** The `connectionCount` of each room at the end. */
  connections: readonly (number | string)[];
  expectedConnections: number;
  /** Descriptions of broken promises. Empty if all were kept. */
  broken: readonly string[];
}

/** Checks a result against the promises. */
export function brokenPromises(outcome: Omit<ClusterOutcome, 'broken'>): string[] {
  const broken = [...outcome.failures];
  for (const { roomId, sent, received, lost, duplicated, outOfOrder, unknown, gaps } of outcome.counts) {
    for (const [what, count] of Object.entries({ lost, duplicated, outOfOrder })) {
      if (count > 0) broken.push(`${roomId}: ${what} ${count}`);
    }
    // A viewer may have seen a message that was never acknowledged and that no replica had. It has to learn of that.
    if (unknown > 0 && gaps === 0)
      broken.push(`${roomId}: ${unknown} messages vanished without a gap reported`);
    if (gaps > 0 && unknown === 0)
      broken.push(`${roomId}: CURSOR_EXPIRED ${gaps} times, although nothing was lost`);
    if (sent === 0 || received === 0) broken.push(`${roomId}: no messages were delivered`);
  }
  for (const { fault, others, refusals } of outcome.episodes) {
    const refused = Object.entries(others?.refusals ?? {}).map(([code, times]) => `${code} ${times}`);
    if (refused.length > 0)
      broken.push(`${fault}: rooms of other shards were refused: ${refused.join(', ')}`);
    if (refusals.INTERNAL_SERVER_ERROR) broken.push(`${fault}: a node had an internal error`);
  }
  const { connections, expectedConnections } = outcome;
  const wrong = connections.filter((count) => count !== expectedConnections);
  if (wrong.length > 0)
    broken.push(`connection counts: ${wrong.join(', ')} instead of ${expectedConnections}`);
  return broken;
}
