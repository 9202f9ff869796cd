import { performance } from 'node:perf_hooks';
import { isClean, type Verdict } from '../load/ledger.js';
import { type Latency, latency } from '../measure/numbers.js';
import { loadShareMeter, peakResidentBytes } from '../measure/proc.js';
import { Harness } from './harness.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Traffic } from './traffic.js';

export interface FanoutFigures {
  /** Whether every message reached every subscriber, once and in order, within the time limit. */
  readonly caughtUp: boolean;
  readonly expected: number;
  /** Deliveries within the time limit. */
  readonly delivered: number;
  /** Seconds from the first send until the last delivery, or until the time limit. */
  readonly seconds: number;
  /** Latency of the delivered messages. */
  readonly latency: Latency;
  /** Connections that the server closed, and unexpected frames. */
  readonly faults: number;
  readonly faultExamples: readonly string[];
  /** Peak resident memory of the server, in bytes. */
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
    return Harness.use(bench, contender, async (harness) => {
      const traffic = await Traffic.start(harness, subscribers);
      const { group, ledger } = traffic;
      await traffic.sendPaced(perSecond, Math.ceil(perSecond / 5)); // warm-up
      await traffic.waitForDelivery(graceMs);
      await harness.waitUntilIdle();
      ledger.restartLatencies();

      const count = perSecond * seconds;
      const expected = count * subscribers;
      const before = group.delivered;
      const cpu = harness.cpuMeter();
      const loadShare = loadShareMeter();
      const start = performance.now();
      const accepted = traffic.sendPaced(perSecond, count).then(
        () => undefined,
        (error: unknown) => error,
      );
      const caughtUp = await group.until(before + expected, seconds * 1000 + graceMs);
      const verdict = traffic.verdict();
      const figures = {
        caughtUp: caughtUp && group.eachGot(traffic.sent) && isClean(verdict),
        expected,
        delivered: group.delivered - before,
        seconds: (performance.now() - start) / 1000,
        latency: latency(ledger.latencies),
        faults: group.faultCount,
        faultExamples: [...group.faults],
        verdict,
        loadShare: loadShare(),
      };
      const used = { peakBytes: peakResidentBytes(harness.measured.pid), cpuSeconds: cpu() };
      group.close();
      const refused = await accepted;
      if (refused) throw refused;
      return { ...figures, ...used };
    });
  },
};
