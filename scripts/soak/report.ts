import type { ChurnVerdict } from '../../test/support/churn-check.js';
import type { MemorySeries } from './memory.js';
import type { Outcome } from './outcome.js';
import { printTable } from './table.js';

const MEGABYTE = 1024 * 1024;

/** Prints the result of a soak test. */
export function reportSoak(outcome: Outcome): void {
  const { happened, counts, expiredCursors, answers, memory } = outcome;
  const { connections, clients, channels, channelsLeft } = outcome;
  console.log('\nFaults');
  printTable([['fault', 'times'], ...[...happened].sort(([, a], [, b]) => b - a)]);
  console.log('Messages (Redis uses appendfsync always, so acknowledged messages are on disk)');
  const columns = ['sent', 'received', 'lost', 'duplicated', 'outOfOrder', 'unknown'] as const;
  printTable([
    ['room', ...columns],
    ...counts.map((each) => [each.roomId, ...columns.map((column) => each[column])]),
    ['all', ...columns.map((column) => counts.reduce((sum, each) => sum + each[column], 0))],
  ]);
  console.log('Answers');
  printTable([
    ['answer', 'times'],
    ...[...answers].sort(([, a], [, b]) => b - a),
    ['CURSOR_EXPIRED for a viewer', expiredCursors],
  ]);
  console.log(
    'Memory of the longest-running nodes after garbage collection, in MB: early, halfway, late, without clients',
  );
  printTable([
    ['process', 'minutes', 'heap', 'external', 'resident', 'handles'],
    ...[...memory]
      .sort((a, b) => b.samples.length - a.samples.length)
      .slice(0, 5)
      .map(memoryRow),
  ]);
  console.log('At the end');
  printTable([
    ['what', 'found', 'expected'],
    ['connectionCount of each room', connections.found.join(' '), connections.expected],
    ['connections to Redis', clients.found, clients.expected],
    ['channels', channels.found.length, channels.expected],
    ['channels after all clients have left', channelsLeft.length, 0],
  ]);
}

/** Prints the result of the churn check. */
export function reportChurn({ viewers, counts, gaps, drops, kills }: ChurnVerdict): void {
  printTable([
    ['clients', 'drops', 'kills', ...Object.keys(counts), 'CURSOR_EXPIRED'],
    [String(viewers), drops, kills, ...Object.values(counts), gaps],
  ]);
}

function memoryRow({ node, samples }: MemorySeries): (string | number)[] {
  const chosen = [samples[0], samples[Math.floor(samples.length / 2)], samples.at(-2), samples.at(-1)].filter(
    (sample) => sample !== undefined,
  );
  const series = (of: (sample: (typeof chosen)[number]) => number) =>
    chosen.map((sample) => of(sample)).join(' ');
  const inMegabytes = (bytes: number) => Math.round(bytes / MEGABYTE);
  return [
    String(node.pid),
    `${samples[0]!.minute.toFixed(1)} to ${samples.at(-1)!.minute.toFixed(1)}`,
    series(({ held }) => inMegabytes(held.heapUsed)),
    series(({ held }) => inMegabytes(held.external)),
    series(({ held }) => inMegabytes(held.rss)),
    series(({ held }) => Object.values(held.handles).reduce((sum, count) => sum + count, 0)),
  ];
}
