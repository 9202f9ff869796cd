import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const NANOSECONDS = 1e9;

/** Milliseconds between two samples of the event loop's delay. */
const RESOLUTION_MS = 10;

/** Adds metrics of the process. Returns a function that stops sampling the event loop. */
export function addProcessGauges(registry: Registry): () => void {
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  new Gauge({
    name: 'streamly_event_loop_delay_seconds',
    help: 'Event loop delay since the last scrape, by quantile (`share`; 1 is the maximum).',
    labelNames: ['share'],
    registers,
    collect() {
      // Each sample includes the sampling interval itself.
      const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1_000);
      this.set({ share: '0.5' }, seconds(delay.percentile(50)));
      this.set({ share: '0.99' }, seconds(delay.percentile(99)));
      this.set({ share: '1' }, seconds(delay.max));
      delay.reset();
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time of the process, in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'JavaScript heap in use, including garbage that has not been collected yet.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970.',
    registers,
  }).set(Math.round((Date.now() - performance.now()) / 1_000));
  return () => delay.disable();
}
