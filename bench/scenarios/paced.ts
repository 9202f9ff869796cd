import type { Verdict } from '../load/ledger.js';
import { type Latency, latency, type Spread, spread } from '../measure/numbers.js';
import { loadShareMeter } from '../measure/proc.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Stage } from './stage.js';
import { Talk } from './talk.js';

export interface PacedFigures {
  /** The server's CPU for one delivery, in microseconds. */
  readonly cpuMicros: Spread;
  readonly latency: Latency;
  readonly loadShare: number;
  readonly verdict: Verdict;
}

export const paced: Scenario<PacedFigures> = {
  name: 'paced',
  title: 'Paced: a full room at the rate of a lively chat',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { subscribers, perSecond, seconds, windows, graceMs } = bench.sizes.paced;
    return Stage.use(bench, contender, async (stage) => {
      const talk = await Talk.begin(stage, subscribers);
      const window = async (count: number): Promise<void> => {
        await talk.paced(perSecond, count);
        await talk.delivered(graceMs);
      };
      await window(perSecond * 2); // warm
      talk.ledger.restartLatencies();
      const loadShare = loadShareMeter();
      const figures: number[] = [];
      for (let number = 0; number < windows; number += 1) {
        await stage.rest();
        const cpu = stage.cpuMeter();
        await window(perSecond * seconds);
        figures.push((cpu() * 1e6) / (perSecond * seconds * subscribers));
      }
      const share = loadShare();
      const { latencies } = talk.ledger;
      return {
        cpuMicros: spread(figures),
        latency: latency(latencies),
        loadShare: share,
        verdict: talk.end(),
      };
    });
  },
};
