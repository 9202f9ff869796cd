import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder, contenders } from '../contenders/index.js';
import { SAMPLE_EVERY } from '../load/client-group.js';
import { figuresOf } from '../scenarios/index.js';
import { figure, kilobytes, table } from './format.js';
import { plots } from './plots.js';
import type { Report } from './report.js';
import { contenderTable, failures, oursTable, targetTable } from './tables.js';

/** The page that publishes a run: `template.md` with its `{{names}}` replaced by values. */
export function readme(report: Report): string {
  const { results, sizes, machine, versions } = report;
  const values: Record<string, string> = {
    date: report.date.slice(0, 10),
    minutes: `${report.minutes}`,
    command: report.command,
    machine: `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, ${machine.kernel}`,
    node: String(versions.node),
    redis: String(versions.redis),
    targets: targetTable(results),
    contenders: contenderTable(results),
    ours: [oursTable(results), failures(results)].filter((part) => part !== '').join('\n\n'),
    plots: Object.keys(plots(results, sizes))
      .map((name) => `![${name}](plots/${name}.svg)`)
      .join('\n\n'),
    versions: versionTable(versions),
    spread: spreadTable(results),
    sampleEvery: `${SAMPLE_EVERY}`,
    ...flatten(sizes),
  };
  const template = readFileSync(join(benchFolder, 'report', 'template.md'), 'utf8');
  return template.replace(/\{\{(\S+?)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The template uses {{${name}}}, but no value has this name.`);
    return value;
  });
}

function versionTable(versions: Report['versions']): string {
  const rows = contenders.flatMap(({ name, title, docs }) => {
    const packages = versions[name];
    if (typeof packages !== 'object') return [];
    const list = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
    return [[`[${title}](${docs})`, list.join(', ')]];
  });
  return table(['Contender, set up as its documentation says', 'Versions'], rows);
}

/** How much each result varies between windows, and how busy the load generator was. */
function spreadTable(results: Report['results']): string {
  const rows = contenders.flatMap(({ name, title, kind }) => {
    if (kind === 'yardstick') return [];
    const cell = (spread: { min: number; max: number } | undefined) =>
      spread ? `${figure(spread.min)} – ${figure(spread.max)}` : '–';
    const load = (share: number | undefined) => (share === undefined ? '–' : `${figure(share * 100)} %`);
    const burst = figuresOf(results, 'burst', name);
    const paced = figuresOf(results, 'paced', name);
    const fanout = figuresOf(results, 'fanout', name);
    const idle = figuresOf(results, 'idle', name);
    return [
      [
        title,
        cell(burst?.perCpuSecond),
        cell(paced?.cpuMicros),
        cell(figuresOf(results, 'connect', name)?.cpuMicros),
        idle ? figure(kilobytes(idle.bytesPerSubscriberAsFound)) : '–',
        load(burst?.loadShare),
        load(fanout?.loadShare),
      ],
    ];
  });
  const head = [
    'Contender',
    'burst (per CPU s)',
    'paced (µs)',
    'connect (µs)',
    'memory before collection (KB)',
    'load generator CPU: burst',
    'load generator CPU: fan-out',
  ];
  return table(head, rows, 'numbers');
}

/**
 * `{ burst: { messages: 200, burstMs: 5000 } }` becomes `{ 'burst.messages': '200', 'burst.burstSeconds': '5'
 * }`.
 */
function flatten(sizes: Report['sizes']): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [scenario, numbers] of Object.entries(sizes)) {
    for (const [name, value] of Object.entries(numbers)) {
      if (name.endsWith('Ms'))
        values[`${scenario}.${name.slice(0, -2)}Seconds`] = figure(Number(value) / 1000);
      else
        values[`${scenario}.${name}`] = Array.isArray(value)
          ? value.map(figure).join(', ')
          : figure(Number(value));
    }
  }
  return values;
}
