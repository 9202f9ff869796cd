import { performance } from 'node:perf_hooks';
import { isClean, type Verdict } from '../load/ledger.js';
import { type Latency, latency } from '../measure/numbers.js';
import { loadShareMeter, peakResidentBytes } from '../measure/proc.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Stage } from './stage.js';
import { Talk } from './talk.js';

export interface FanoutFigures {
  /** Whether every message had reached every subscriber, once and in order, by the time limit. */
  readonly caughtUp: boolean;
  readonly expected: number;
  /** Deliveries by the time limit. */
  readonly delivered: number;
  /** Seconds from the first send to the last delivery, or to the time limit. */
  readonly seconds: number;
  /** Of what was delivered. */
  readonly latency: Latency;
  /** Clients that the server closed, or that got something else than data. */
  readonly faults: number;
  readonly faultExamples: readonly string[];
  /** The most memory that the server held, in bytes. */
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  readonly loadShare: number;
  readonly verdict: Verdict;
}

export const fanout: Scenario<FanoutFigures> = {
  name: 'fanout',
  title: 'Fan-out: a large room at a steady rate',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { subscribers, perSecond, seconds, graceMs } = bench.sizes.fanout;
    return Stage.use(bench, contender, async (stage) => {
      const talk = await Talk.begin(stage, subscribers);
      const { crowd, ledger } = talk;
      await talk.paced(perSecond, Math.ceil(perSecond / 5)); // warm
      await talk.delivered(graceMs);
      await stage.rest();
      ledger.restartLatencies();

      const count = perSecond * seconds;
      const expected = count * subscribers;
      const before = crowd.delivered;
      const cpu = stage.cpuMeter();
      const loadShare = loadShareMeter();
      const start = performance.now();
      const accepted = talk.paced(perSecond, count).then(
        () => undefined,
        (error: unknown) => error,
      );
      const caughtUp = await crowd.until(before + expected, seconds * 1000 + graceMs);
      const verdict = talk.verdict();
      const figures = {
        caughtUp: caughtUp && crowd.eachGot(talk.sent) && isClean(verdict),
        expected,
        delivered: crowd.delivered - before,
        seconds: (performance.now() - start) / 1000,
        latency: latency(ledger.latencies),
        faults: crowd.faultCount,
        faultExamples: [...crowd.faults],
        verdict,
        loadShare: loadShare(),
      };
      const used = { peakBytes: peakResidentBytes(stage.measured.pid), cpuSeconds: cpu() };
      crowd.close();
      const refused = await accepted;
      if (refused) throw refused;
      return { ...figures, ...used };
    });
  },
};
