import { performance } from 'node:perf_hooks';
import type { Verdict } from '../load/ledger.js';
import { type Spread, spread } from '../measure/numbers.js';
import { loadShareMeter } from '../measure/proc.js';
import { Harness } from './harness.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Traffic } from './traffic.js';

export interface BurstFigures {
  /** Deliveries per second of server CPU. */
  readonly perCpuSecond: Spread;
  /** Number of bursts in all windows together. */
  readonly bursts: number;
  /** The share of its core that the load generator used. */
  readonly loadShare: number;
  readonly verdict: Verdict;
}

export const burst: Scenario<BurstFigures> = {
  name: 'burst',
  title: 'Burst: many messages at once to a full room',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { subscribers, messages, windows, cpuSeconds, windowMs, burstMs } = bench.sizes.burst;
    return Harness.use(bench, contender, async (harness) => {
      const traffic = await Traffic.start(harness, subscribers);
      const oneBurst = async (): Promise<void> => {
        await Promise.all([traffic.sendAtOnce(messages), traffic.waitForDelivery(burstMs)]);
      };
      await oneBurst(); // warm-up
      const loadShare = loadShareMeter();
      const figures: number[] = [];
      for (let window = 0; window < windows; window += 1) {
        await harness.waitUntilIdle();
        const cpu = harness.cpuMeter();
        const start = performance.now();
        const before = traffic.group.delivered;
        while (cpu() < cpuSeconds && performance.now() - start < windowMs) await oneBurst();
        figures.push((traffic.group.delivered - before) / cpu());
      }
      const share = loadShare();
      const bursts = traffic.sent / messages;
      return { perCpuSecond: spread(figures), bursts, loadShare: share, verdict: traffic.finish() };
    });
  },
};
