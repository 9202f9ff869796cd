import type { Verdict } from '../load/ledger.js';
import { type Latency, latency, type Spread, spread } from '../measure/numbers.js';
import { loadShareMeter } from '../measure/proc.js';
import { Harness } from './harness.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Traffic } from './traffic.js';

export interface PacedFigures {
  /** Server CPU per delivery, in microseconds. */
  readonly cpuMicros: Spread;
  readonly latency: Latency;
  readonly loadShare: number;
  readonly verdict: Verdict;
}

export const paced: Scenario<PacedFigures> = {
  name: 'paced',
  title: 'Paced: a full room with the message rate of a busy chat',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { subscribers, perSecond, seconds, windows, graceMs } = bench.sizes.paced;
    return Harness.use(bench, contender, async (harness) => {
      const traffic = await Traffic.start(harness, subscribers);
      const window = async (count: number): Promise<void> => {
        await traffic.sendPaced(perSecond, count);
        await traffic.waitForDelivery(graceMs);
      };
      await window(perSecond * 2); // warm-up
      traffic.ledger.restartLatencies();
      const loadShare = loadShareMeter();
      const figures: number[] = [];
      for (let number = 0; number < windows; number += 1) {
        await harness.waitUntilIdle();
        const cpu = harness.cpuMeter();
        await window(perSecond * seconds);
        figures.push((cpu() * 1e6) / (perSecond * seconds * subscribers));
      }
      const share = loadShare();
      const { latencies } = traffic.ledger;
      return {
        cpuMicros: spread(figures),
        latency: latency(latencies),
        loadShare: share,
        verdict: traffic.finish(),
      };
    });
  },
};
