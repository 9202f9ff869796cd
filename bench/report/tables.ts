import { contenders } from '../contenders/index.js';
import { figuresOf, type Results, type ScenarioName } from '../scenarios/index.js';
import { figure, kilobytes, table } from './format.js';
import type { Report } from './report.js';
import { outcomes } from './targets.js';

const NONE = '–';

/** The text printed at the end of every run. */
export function summary({ results }: Report): string {
  return [targetTable(results), contenderTable(results), oursTable(results), failures(results)]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The targets, and whether they were reached. */
export function targetTable(results: Results): string {
  return table(
    ['Scenario', 'What', 'Target', 'Measured', 'Reached'],
    outcomes(results)
      .filter(({ scenario }) => results[scenario])
      .map(({ scenario, what, target, measured, reached }) => [
        scenario,
        what,
        target,
        measured,
        reached === undefined ? 'not measured' : reached ? 'yes' : '**no**',
      ]),
  );
}

/** All contenders side by side. */
export function contenderTable(results: Results): string {
  const head = [
    'Contender',
    'burst: deliveries per CPU s',
    'paced: CPU per delivery (µs)',
    'paced: p50 / p99 (ms)',
    'fan-out: p50 / p99 (ms)',
    'fan-out: delivered',
    'fan-out: peak memory (MB)',
    'memory per subscriber (KB)',
    'connect and subscribe (µs)',
  ];
  const rows = contenders
    .filter(({ kind, name }) => kind !== 'yardstick' && Object.values(results).some((one) => name in one))
    .map(({ name, title }) => {
      const burst = figuresOf(results, 'burst', name);
      const paced = figuresOf(results, 'paced', name);
      const fanout = figuresOf(results, 'fanout', name);
      const idle = figuresOf(results, 'idle', name);
      const connect = figuresOf(results, 'connect', name);
      return [
        title,
        burst ? figure(burst.perCpuSecond.median) : NONE,
        paced ? figure(paced.cpuMicros.median) : NONE,
        paced ? `${figure(paced.latency.p50)} / ${figure(paced.latency.p99)}` : NONE,
        fanout
          ? fanout.caughtUp
            ? `${figure(fanout.latency.p50)} / ${figure(fanout.latency.p99)}`
            : 'never catches up'
          : NONE,
        fanout
          ? `${figure((100 * fanout.delivered) / fanout.expected)} % in ${figure(fanout.seconds)} s`
          : NONE,
        fanout ? figure(fanout.peakBytes / 2 ** 20) : NONE,
        idle ? figure(kilobytes(idle.bytesPerSubscriber)) : NONE,
        connect ? figure(connect.cpuMicros.median) : NONE,
      ];
    });
  return rows.length > 0 ? table(head, rows, 'numbers') : '';
}

/** Scenarios that only `ours` supports, and those that need a yardstick. */
export function oursTable(results: Results): string {
  const rows: string[][] = [];
  const comeback = figuresOf(results, 'comeback', 'ours');
  for (const { clients, reads, cpuMicros, seconds } of comeback?.comebacks ?? []) {
    const what = `${figure(clients)} clients resume, each ${comeback?.behind} messages behind`;
    rows.push([
      'comeback',
      what,
      `${reads} reads, ${figure(cpuMicros)} µs CPU per client, all caught up in ${figure(seconds)} s`,
    ]);
  }
  if (comeback)
    rows.push([
      'comeback',
      'plain connect-and-subscribe',
      `${figure(comeback.plainCpuMicros)} µs CPU per client`,
    ]);
  for (const name of ['ours', 'graphql-ws']) {
    for (const { distinct, cpuMicrosPerMessage } of figuresOf(results, 'selections', name)?.points ?? []) {
      const what = `${titleOf(name)}, ${distinct} distinct ${distinct === 1 ? 'selection' : 'selections'}`;
      rows.push(['selections', what, `${figure(cpuMicrosPerMessage / 1000)} ms CPU per message`]);
    }
  }
  for (const name of ['ours', 'yoga-constant']) {
    const sends = figuresOf(results, 'sends', name);
    if (!sends) continue;
    const { perCpuSecond, perSecond } = sends;
    const measured = `${figure(perCpuSecond.median)} sends per CPU s, ${figure(perSecond.median)} per s`;
    rows.push(['sends', titleOf(name), measured]);
  }
  const history = figuresOf(results, 'history', 'ours');
  if (history) {
    rows.push([
      'history',
      `messageAdded(last: ${history.last})`,
      `${figure(history.subscriptionCpuMicros)} µs CPU per client`,
    ]);
    rows.push([
      'history',
      `messages(last: ${history.last}) over HTTP`,
      `${figure(history.queryCpuMicros)} µs CPU per client`,
    ]);
  }
  for (const point of figuresOf(results, 'workers', 'ours')?.points ?? []) {
    const { workers, perSecond, burstCpuMicros, pacedCpuMicros, latency } = point;
    rows.push([
      'workers',
      `WORKERS=${workers}, on two cores with all of the load`,
      [
        `${figure(perSecond.median)} deliveries per s and ${figure(burstCpuMicros.median)} µs CPU each in bursts`,
        `${figure(pacedCpuMicros.median)} µs CPU each at a steady rate, p99 ${figure(latency.p99)} ms`,
      ].join('; '),
    ]);
  }
  return rows.length > 0 ? table(['Scenario', 'What', 'Measured'], rows) : '';
}

/** The measurements that failed, and why. */
export function failures(results: Results): string {
  const lines = Object.entries(results).flatMap(([scenario, byContender]) =>
    Object.entries(byContender).flatMap(([name, figures]) =>
      'failed' in figures ? [`- ${scenario as ScenarioName}, ${titleOf(name)}: ${figures.failed}`] : [],
    ),
  );
  return lines.length > 0 ? `Not measured:\n\n${lines.join('\n')}` : '';
}

const titleOf = (name: string): string => contenders.find((one) => one.name === name)?.title ?? name;
