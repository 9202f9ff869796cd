import { performance } from 'node:perf_hooks';
import type { Verdict } from '../load/ledger.js';
import { type Spread, spread } from '../measure/numbers.js';
import { loadShareMeter } from '../measure/proc.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Stage } from './stage.js';
import { Talk } from './talk.js';

export interface BurstFigures {
  /** Deliveries for each second of the server's CPU. */
  readonly perCpuSecond: Spread;
  /** Bursts in all windows together. */
  readonly bursts: number;
  /** The share of its core that the load side used. */
  readonly loadShare: number;
  readonly verdict: Verdict;
}

export const burst: Scenario<BurstFigures> = {
  name: 'burst',
  title: 'Burst: many messages at once to a full room',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { subscribers, messages, windows, cpuSeconds, windowMs, burstMs } = bench.sizes.burst;
    return Stage.use(bench, contender, async (stage) => {
      const talk = await Talk.begin(stage, subscribers);
      const oneBurst = async (): Promise<void> => {
        await Promise.all([talk.atOnce(messages), talk.delivered(burstMs)]);
      };
      await oneBurst(); // warm
      const loadShare = loadShareMeter();
      const figures: number[] = [];
      for (let window = 0; window < windows; window += 1) {
        await stage.rest();
        const cpu = stage.cpuMeter();
        const start = performance.now();
        const before = talk.crowd.delivered;
        while (cpu() < cpuSeconds && performance.now() - start < windowMs) await oneBurst();
        figures.push((talk.crowd.delivered - before) / cpu());
      }
      const share = loadShare();
      const bursts = talk.sent / messages;
      return { perCpuSecond: spread(figures), bursts, loadShare: share, verdict: talk.end() };
    });
  },
};
