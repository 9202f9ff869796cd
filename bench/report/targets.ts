import { contenders } from '../contenders/index.js';
import { type FiguresOf, figuresOf, type Results, type ScenarioName } from '../scenarios/index.js';
import { figure, ratio } from './format.js';

/** A performance target and what was measured. */
export interface Outcome {
  readonly scenario: ScenarioName;
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  /** `undefined` if a measurement is missing. */
  readonly reached: boolean | undefined;
}

/** Compares all targets with the results, in the order of the scenarios. */
export function outcomes(results: Results): Outcome[] {
  const ours = <Name extends ScenarioName>(scenario: Name) => figuresOf(results, scenario, 'ours');
  const against = <Name extends ScenarioName>(
    scenario: Name,
    peer: string,
    read: (figures: FiguresOf[Name]) => number,
  ): number => {
    const [own, other] = [ours(scenario), figuresOf(results, scenario, peer)];
    return own && other ? read(own) / read(other) : Number.NaN;
  };
  const judged = (
    scenario: ScenarioName,
    what: string,
    target: string,
    value: number,
    isReached: (value: number) => boolean,
    measured = ratio(value),
  ): Outcome => ({
    scenario,
    what,
    target,
    measured: Number.isNaN(value) ? '–' : measured,
    reached: Number.isNaN(value) ? undefined : isReached(value),
  });

  const deliveries = (figures: FiguresOf['burst']): number => figures.perCpuSecond.median;
  const graphqlPeers = contenders.filter(({ kind }) => kind === 'graphql').map(({ name }) => name);
  const best = Math.max(
    ...graphqlPeers.map(
      (name) => figuresOf(results, 'burst', name)?.perCpuSecond.median ?? Number.NEGATIVE_INFINITY,
    ),
  );
  const burst = ours('burst');
  const bestRatio = burst && best > 0 ? deliveries(burst) / best : Number.NaN;
  const fanout = ours('fanout');
  const dropped = fanout ? fanout.expected - fanout.delivered + fanout.verdict.doubled : Number.NaN;
  const memory = (figures: FiguresOf['idle']): number => figures.bytesPerSubscriber;
  const cpu = (figures: FiguresOf['paced'] | FiguresOf['connect']): number => figures.cpuMicros.median;
  const comeback = ours('comeback');
  const least = comeback?.comebacks[0];
  const most = comeback?.comebacks.at(-1);
  const history = ours('history');
  const sends = ours('sends');
  const yardstick = figuresOf(results, 'sends', 'yoga-constant');

  return [
    judged(
      'burst',
      'deliveries per CPU second, relative to the best GraphQL peer',
      '≥ 35 ×',
      bestRatio,
      (value) => value >= 35,
    ),
    judged(
      'burst',
      'the same, relative to raw ws',
      '≥ 10 ×',
      against('burst', 'raw-ws', deliveries),
      (value) => value >= 10,
    ),
    judged(
      'fanout',
      'p99 from sending to receiving',
      '≤ 200 ms, all clients caught up',
      fanout?.latency.p99 ?? Number.NaN,
      (value) => value <= 200 && fanout?.caughtUp === true,
      `${figure(fanout?.latency.p99 ?? Number.NaN)} ms${fanout && !fanout.caughtUp ? ', never catches up' : ''}`,
    ),
    judged('fanout', 'dropped', '0', dropped, (value) => value === 0, figure(dropped)),
    judged(
      'paced',
      'CPU per delivery, relative to raw ws',
      '≤ 0.9 ×',
      against('paced', 'raw-ws', cpu),
      (value) => value <= 0.9,
    ),
    judged(
      'idle',
      'memory per subscriber, relative to raw ws',
      '≤ 1.5 ×',
      against('idle', 'raw-ws', memory),
      (value) => value <= 1.5,
    ),
    judged(
      'idle',
      'the same, relative to Socket.IO',
      '< 1 ×',
      against('idle', 'socket-io', memory),
      (value) => value < 1,
    ),
    judged(
      'connect',
      'CPU per connect-and-subscribe, relative to the upgrade of raw ws',
      '≤ 1.3 ×',
      against('connect', 'raw-ws', cpu),
      (value) => value <= 1.3,
    ),
    judged(
      'comeback',
      `Redis reads for ${figure(most?.clients ?? Number.NaN)} clients and for ${figure(least?.clients ?? Number.NaN)}`,
      `≤ ${BACKGROUND_READS} more`,
      most && least ? most.reads - least.reads : Number.NaN,
      (value) => value <= BACKGROUND_READS,
      `${most?.reads ?? '–'} and ${least?.reads ?? '–'}`,
    ),
    judged(
      'comeback',
      'CPU per client, relative to a plain connect-and-subscribe',
      '< 2 ×',
      comeback && most ? most.cpuMicros / comeback.plainCpuMicros : Number.NaN,
      (value) => value < 2,
    ),
    judged(
      'sends',
      'sends per CPU second, relative to Yoga returning a constant',
      '≥ 0.8 ×',
      sends && yardstick ? sends.perCpuSecond.median / yardstick.perCpuSecond.median : Number.NaN,
      (value) => value >= 0.8,
    ),
    judged(
      'history',
      'CPU of the query, relative to the subscription with history',
      '≥ 10 ×',
      history ? history.queryCpuMicros / history.subscriptionCpuMicros : Number.NaN,
      (value) => value >= 10,
    ),
  ];
}

/** Reads that a node's background work may add during a longer comeback. */
const BACKGROUND_READS = 10;
