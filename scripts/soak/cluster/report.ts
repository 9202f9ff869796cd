import { printTable } from '../table.js';
import type { ClusterOutcome, Episode } from './outcome.js';

/** Prints the result of a soak test of a Cluster. */
export function reportCluster({ episodes, counts, connections, expectedConnections }: ClusterOutcome): void {
  console.log(
    '\nFaults, with the longest waits in milliseconds from the first attempt of a message to its acceptance',
  );
  const names = [...new Set(episodes.map(({ fault }) => fault))];
  printTable([
    ['fault', 'times', 'its rooms', 'others', 'refused', 'others refused'],
    ...names.map((name) =>
      faultRow(
        name,
        episodes.filter(({ fault }) => fault === name),
      ),
    ),
  ]);
  console.log('Messages (DURABILITY=replicated, so acknowledged messages are on a replica)');
  const columns = ['sent', 'received', 'lost', 'duplicated', 'outOfOrder', 'unknown', 'gaps'] as const;
  const sum = (column: (typeof columns)[number]) => counts.reduce((all, each) => all + each[column], 0);
  printTable([
    ['rooms', 'acknowledged', ...columns.slice(1)],
    [String(counts.length), ...columns.map(sum)],
  ]);
  const ofShards = episodes.filter(({ others }) => others !== undefined);
  console.log('In short');
  printTable([
    ['what', 'ms'],
    ['longest outage of the rooms of a shard', longest(ofShards.map(({ waitMs }) => waitMs))],
    ['longest wait of rooms on other shards', longest(ofShards.map(({ others }) => others!.waitMs))],
  ]);
  const right = connections.filter((count) => count === expectedConnections).length;
  console.log(`Connection counts at the end: right in ${right} of ${connections.length} rooms\n`);
}

function faultRow(name: string, episodes: readonly Episode[]): (string | number)[] {
  const others = episodes.flatMap((episode) => episode.others ?? []);
  return [
    name,
    episodes.length,
    longest(episodes.map(({ waitMs }) => waitMs)),
    others.length === 0 ? '' : longest(others.map(({ waitMs }) => waitMs)),
    codes(episodes.map(({ refusals }) => refusals)),
    codes(others.map(({ refusals }) => refusals)),
  ];
}

function longest(waits: readonly number[]): number {
  return Math.round(Math.max(0, ...waits));
}

function codes(all: readonly Record<string, number>[]): string {
  const sum = new Map<string, number>();
  for (const each of all)
    for (const [code, times] of Object.entries(each)) sum.set(code, (sum.get(code) ?? 0) + times);
  return [...sum].map(([code, times]) => `${code} ${times}`).join(' ') || '0';
}
