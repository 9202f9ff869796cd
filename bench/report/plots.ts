import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contenders } from '../contenders/index.js';
import { type FiguresOf, figuresOf, type Results, type ScenarioName } from '../scenarios/index.js';
import { figure, kilobytes } from './format.js';
import type { Report } from './report.js';
import { type Bar, barChart, type Line, lineChart } from './svg.js';

/** Writes each plot of a run as a file in the folder. */
export function writePlots(folder: string, { results, sizes }: Report): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(plots(results, sizes)))
    writeFileSync(join(folder, `${name}.svg`), svg);
}

/** The plots by name. Omits plots without data. */
export function plots(results: Results, sizes: Report['sizes']): Record<string, string> {
  const { burst, idle, connect, paced, selections } = sizes;
  const all: Record<string, string | undefined> = {
    burst: bars(results, 'burst', ({ perCpuSecond }) => perCpuSecond.median, [
      'Deliveries per second of server CPU (more is better)',
      `${burst.messages} messages at once to ${figure(burst.subscribers)} subscribers`,
    ]),
    paced: bars(results, 'paced', ({ cpuMicros }) => cpuMicros.median, [
      'Server CPU per delivery, in microseconds (less is better)',
      `${paced.perSecond} messages per second to ${figure(paced.subscribers)} subscribers`,
    ]),
    memory: bars(results, 'idle', ({ bytesPerSubscriber }) => kilobytes(bytesPerSubscriber), [
      'Resident memory per idle subscriber, in kilobytes (less is better)',
      `${figure(idle.subscribers)} subscribers, after garbage collection`,
    ]),
    connect: bars(results, 'connect', ({ cpuMicros }) => cpuMicros.median, [
      'Server CPU to connect and subscribe, in microseconds (less is better)',
      `${figure(connect.clients)} clients`,
    ]),
    selections: selectionsPlot(results, selections.subscribers),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function bars<Name extends ScenarioName>(
  results: Results,
  scenario: Name,
  read: (figures: FiguresOf[Name]) => number,
  [title, note]: readonly [string, string],
): string | undefined {
  const found = contenders.flatMap(({ name, title: label, kind }): Bar[] => {
    const figures = figuresOf(results, scenario, name);
    if (!figures) return [];
    return [
      { label: short(label), value: read(figures), text: figure(read(figures)), isOurs: kind === 'ours' },
    ];
  });
  return found.length > 0 ? barChart(title, note, found) : undefined;
}

function selectionsPlot(results: Results, subscribers: number): string | undefined {
  const lines = contenders.flatMap(({ name, title, kind }): Line[] => {
    const points = figuresOf(results, 'selections', name)?.points;
    if (!points) return [];
    const scaled = points.map(({ distinct, cpuMicrosPerMessage }) => ({
      x: distinct,
      y: cpuMicrosPerMessage / 1000,
    }));
    return [{ label: title.split(' + ')[0]!, points: scaled, isOurs: kind === 'ours' }];
  });
  if (lines.length === 0) return undefined;
  const title = 'Server CPU per message, in milliseconds (less is better)';
  return lineChart(title, `${figure(subscribers)} subscribers`, 'distinct selections in the room', lines);
}

/** Shortens a title for a plot: leaves out the pub/sub package that three peers share. */
const short = (title: string): string => title.replace(' + graphql-redis-subscriptions', '');
