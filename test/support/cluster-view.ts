/** What a server of a cluster says about the cluster. */
import type { ClusterNode } from './cluster-node.js';
import { SLOTS } from './key-slot.js';

/** A primary with its replicas, as the cluster sees it now. */
export interface Shard {
  readonly primary: ClusterNode;
  readonly replicas: readonly ClusterNode[];
  /** Ranges of slots, both ends included. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** Whether a server takes the cluster for healthy, and who has which slots in its view. */
export async function viewOf(node: ClusterNode, shards: readonly Shard[], replicas: number) {
  const [info, state] = await Promise.all([node.cli('INFO', 'replication'), node.cli('CLUSTER', 'INFO')]);
  const covered = shards.flatMap(({ ranges }) => ranges).reduce((sum, [a, b]) => sum + b - a + 1, 0);
  const isInStep = !info.includes('role:slave') || info.includes('master_link_status:up');
  const isComplete = shards.every((shard) => shard.replicas.length === replicas);
  const isUp = state.includes('cluster_state:ok');
  const owners = shards.map(
    (shard) => `${shard.primary.port}+${shard.replicas.length} ${shard.ranges.join(' ')}`,
  );
  return {
    isHealthy: isUp && covered === SLOTS && isInStep && isComplete,
    owners: owners.join('|'),
    text: `${node.port} is ${isUp ? 'up' : 'down'}, ${isInStep ? 'in step' : 'behind'}, sees ${owners.join(' | ')}`,
  };
}

/** Whether a slot is in one of these ranges. */
export function hasSlot(ranges: Shard['ranges'], slot: number): boolean {
  return ranges.some(([from, to]) => from <= slot && slot <= to);
}

/** All numbers between two, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Reads the answer to CLUSTER NODES. */
export function parseNodes(reply: string) {
  return reply.split('\n').filter(Boolean).map(parseLine);
}

/** Reads a line of CLUSTER NODES: id, address, flags, primary, four numbers, link state, slots. */
function parseLine(line: string) {
  const [id = '', , flags = '', primaryId = '', , , , , ...slots] = line.split(' ');
  const ranges = slots
    .filter((slot) => !slot.startsWith('['))
    .map((slot) => {
      const [from, to = from] = slot.split('-').map(Number);
      return [from!, to!] as const;
    });
  return { id, isPrimary: flags.includes('master'), primaryId, ranges };
}
