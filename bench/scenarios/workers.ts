import { performance } from 'node:perf_hooks';
import type { Contender } from '../contenders/contender.js';
import type { Verdict } from '../load/ledger.js';
import { type Latency, latency, type Spread, spread } from '../measure/numbers.js';
import { pinThisProcess } from '../measure/proc.js';
import { type Bench, Harness, LOAD_CORE, SERVER_CORE } from './harness.js';
import { isOurs, type Scenario } from './scenario.js';
import { Traffic } from './traffic.js';

/** What a server with so many workers did. */
export interface WorkersPoint {
  readonly workers: number;
  /** Deliveries per second of elapsed time, in bursts. */
  readonly perSecond: Spread;
  /** CPU per delivery in bursts, of the server with all its processes, in microseconds. */
  readonly burstCpuMicros: Spread;
  /** The same at a steady rate. */
  readonly pacedCpuMicros: Spread;
  /** From sending to receiving, at a steady rate. */
  readonly latency: Latency;
  readonly verdict: Verdict;
}

export interface WorkersFigures {
  readonly points: readonly WorkersPoint[];
}

/** Everything shares the same cores: the server with all its processes, the load generator, Redis and the sends. */
const CORES = `${SERVER_CORE},${LOAD_CORE}`;

export const workers: Scenario<WorkersFigures> = {
  name: 'workers',
  title: 'Workers: the same load on two cores, with one process and with several',
  appliesTo: isOurs,
  async run(bench, contender) {
    pinThisProcess(CORES);
    try {
      const points: WorkersPoint[] = [];
      for (const count of bench.sizes.workers.workers) points.push(await measure(bench, contender, count));
      return { points };
    } finally {
      pinThisProcess(`${LOAD_CORE}`);
    }
  },
};

function measure(bench: Bench, contender: Contender, count: number): Promise<WorkersPoint> {
  const { subscribers, messages, windows, windowMs, burstMs } = bench.sizes.workers;
  const { perSecond, seconds, graceMs } = bench.sizes.workers;
  const env = { ...contender.env, WORKERS: `${count}` };
  const placed = { measured: { ...contender, env }, cores: CORES };
  return Harness.use(
    bench,
    contender,
    async (harness) => {
      const traffic = await Traffic.start(harness, subscribers);
      const oneBurst = async (): Promise<void> => {
        await Promise.all([traffic.sendAtOnce(messages), traffic.waitForDelivery(burstMs)]);
      };
      await oneBurst(); // warm-up
      const bursts: { perSecond: number; cpuMicros: number }[] = [];
      for (let window = 0; window < windows; window += 1) {
        await harness.waitUntilIdle();
        const before = traffic.group.delivered;
        const start = performance.now();
        const cpu = harness.cpuMeter();
        while (performance.now() - start < windowMs) await oneBurst();
        const elapsed = (performance.now() - start) / 1000;
        const delivered = traffic.group.delivered - before;
        bursts.push({ perSecond: delivered / elapsed, cpuMicros: (cpu() * 1e6) / delivered });
      }
      traffic.ledger.restartLatencies();
      const paced: number[] = [];
      for (let window = 0; window < windows; window += 1) {
        await harness.waitUntilIdle();
        const cpu = harness.cpuMeter();
        await traffic.sendPaced(perSecond, perSecond * seconds);
        await traffic.waitForDelivery(graceMs);
        paced.push((cpu() * 1e6) / (perSecond * seconds * subscribers));
      }
      return {
        workers: count,
        perSecond: spread(bursts.map((figures) => figures.perSecond)),
        burstCpuMicros: spread(bursts.map((figures) => figures.cpuMicros)),
        pacedCpuMicros: spread(paced),
        latency: latency(traffic.ledger.latencies),
        verdict: traffic.finish(),
      };
    },
    placed,
  );
}
