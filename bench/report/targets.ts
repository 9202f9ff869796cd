import { contenders } from '../contenders/index.js';
import { type FiguresOf, figuresOf, type Results, type ScenarioName } from '../scenarios/index.js';
import { figure, ratio } from './format.js';

/** One promise of the design, held against what was measured. */
export interface Outcome {
  readonly scenario: ScenarioName;
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  /** `undefined` where a figure is missing. */
  readonly reached: boolean | undefined;
}

/** All targets, in the order of the scenarios. */
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
  const own = ours('sends');
  const yardstick = figuresOf(results, 'sends', 'yoga-constant');

  return [
    judged(
      'burst',
      'deliveries per CPU second, to the best GraphQL peer',
      '≥ 35 ×',
      bestRatio,
      (is) => is >= 35,
    ),
    judged(
      'burst',
      'the same, to raw ws',
      '≥ 10 ×',
      against('burst', 'raw-ws', deliveries),
      (is) => is >= 10,
    ),
    judged(
      'fanout',
      'p99 from send to receipt',
      '≤ 200 ms, every one caught up',
      fanout?.latency.p99 ?? Number.NaN,
      (is) => is <= 200 && fanout?.caughtUp === true,
      `${figure(fanout?.latency.p99 ?? Number.NaN)} ms${fanout && !fanout.caughtUp ? ', never catches up' : ''}`,
    ),
    judged('fanout', 'dropped', '0', dropped, (is) => is === 0, figure(dropped)),
    judged(
      'paced',
      'CPU per delivery, to raw ws',
      '≤ 0.9 ×',
      against('paced', 'raw-ws', cpu),
      (is) => is <= 0.9,
    ),
    judged(
      'idle',
      'memory per subscriber, to raw ws',
      '≤ 1.5 ×',
      against('idle', 'raw-ws', memory),
      (is) => is <= 1.5,
    ),
    judged('idle', 'the same, to Socket.IO', '< 1 ×', against('idle', 'socket-io', memory), (is) => is < 1),
    judged(
      'connect',
      'CPU per connect-and-subscribe, to raw ws’ upgrade',
      '≤ 1.3 ×',
      against('connect', 'raw-ws', cpu),
      (is) => is <= 1.3,
    ),
    judged(
      'comeback',
      `Redis reads for ${figure(most?.clients ?? Number.NaN)} clients and for ${figure(least?.clients ?? Number.NaN)}`,
      'no more',
      most && least ? most.reads - least.reads : Number.NaN,
      (is) => is <= BACKGROUND_READS,
      `${most?.reads ?? '–'} and ${least?.reads ?? '–'}`,
    ),
    judged(
      'comeback',
      'CPU per client, to a plain connect-and-subscribe',
      '< 2 ×',
      comeback && most ? most.cpuMicros / comeback.plainCpuMicros : Number.NaN,
      (is) => is < 2,
    ),
    judged(
      'sends',
      'sends per CPU second, to Yoga returning a constant',
      '≥ 0.8 ×',
      own && yardstick ? own.perCpuSecond.median / yardstick.perCpuSecond.median : Number.NaN,
      (is) => is >= 0.8,
    ),
    judged(
      'history',
      'CPU of the query to that of the subscription with history',
      '≥ 10 ×',
      history ? history.queryCpuMicros / history.subscriptionCpuMicros : Number.NaN,
      (is) => is >= 10,
    ),
  ];
}

/** Reads that a node's own housekeeping may add while a longer comeback is under way. */
const BACKGROUND_READS = 10;
