import type { StrangersVerdict } from '../../test/support/strangers.js';
import type { Course } from './memory.js';
import type { Outcome } from './outcome.js';
import { printTable } from './table.js';

const MEGABYTE = 1024 * 1024;

export function reportSoak(outcome: Outcome): void {
  const { happened, counts, told, answers, courses, connections, clients, channels, channelsLeft } = outcome;
  console.log('\nFaults');
  printTable([['fault', 'times'], ...[...happened].sort(([, a], [, b]) => b - a)]);
  console.log('Messages (Redis with appendfsync always: what is acknowledged is on disk)');
  const columns = ['sent', 'received', 'lost', 'doubled', 'outOfOrder', 'unknown'] as const;
  printTable([
    ['room', ...columns],
    ...counts.map((each) => [each.roomId, ...columns.map((column) => each[column])]),
    ['all', ...columns.map((column) => counts.reduce((sum, each) => sum + each[column], 0))],
  ]);
  console.log('Answers');
  printTable([['answer', 'times'], ...[...answers].sort(([, a], [, b]) => b - a), ['cursor refused', told]]);
  console.log(
    'Nodes that lived longest, after a garbage collection, in MB: early, halfway, late, with nobody there',
  );
  printTable([
    ['process', 'minutes', 'heap', 'external', 'resident', 'handles'],
    ...[...courses]
      .sort((a, b) => b.samples.length - a.samples.length)
      .slice(0, 5)
      .map(courseRow),
  ]);
  console.log('At the end');
  printTable([
    ['what', 'found', 'due'],
    ['connections counted in each room', connections.found.join(' '), connections.due],
    ['connections to Redis', clients.found, clients.due],
    ['channels', channels.found.length, channels.due],
    ['channels after all had left', channelsLeft.length, 0],
  ]);
}

export function reportStrangers({ viewers, counts, told, drops, kills }: StrangersVerdict): void {
  printTable([
    ['clients', 'drops', 'kills', ...Object.keys(counts), 'told of a gap'],
    [String(viewers), drops, kills, ...Object.values(counts), told],
  ]);
}

function courseRow({ node, samples }: Course): (string | number)[] {
  const chosen = [samples[0], samples[Math.floor(samples.length / 2)], samples.at(-2), samples.at(-1)].filter(
    (sample) => sample !== undefined,
  );
  const course = (of: (sample: (typeof chosen)[number]) => number) =>
    chosen.map((sample) => of(sample)).join(' ');
  const inMegabytes = (bytes: number) => Math.round(bytes / MEGABYTE);
  return [
    String(node.pid),
    `${samples[0]!.minute.toFixed(1)} to ${samples.at(-1)!.minute.toFixed(1)}`,
    course(({ held }) => inMegabytes(held.heapUsed)),
    course(({ held }) => inMegabytes(held.external)),
    course(({ held }) => inMegabytes(held.rss)),
    course(({ held }) => Object.values(held.handles).reduce((sum, count) => sum + count, 0)),
  ];
}
