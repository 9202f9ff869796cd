import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const NANOSECONDS = 1e9;

/** Every how many milliseconds the event loop is looked at. */
const RESOLUTION_MS = 10;

/** The process itself. Returns what ends the looking at its event loop. */
export function addProcessGauges(registry: Registry): () => void {
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  new Gauge({
    name: 'streamly_event_loop_delay_seconds',
    help: 'How late the event loop was at most, in this share of the times since these were last read.',
    labelNames: ['share'],
    registers,
    collect() {
      // The timer that looks is late by its own interval.
      const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1_000);
      this.set({ share: '0.5' }, seconds(delay.percentile(50)));
      this.set({ share: '0.99' }, seconds(delay.percentile(99)));
      this.set({ share: '1' }, seconds(delay.max));
      delay.reset();
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory that the process holds.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'Memory that live JavaScript objects take, and dead ones that were not collected yet.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, since 1970.',
    registers,
  }).set(Math.round((Date.now() - performance.now()) / 1_000));
  return () => delay.disable();
}
