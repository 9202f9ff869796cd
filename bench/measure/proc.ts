import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** Linux counts CPU time in ticks of 10 ms. Windows must be long enough that one tick does not matter. */
const TICKS_PER_SECOND = 100;

/** Seconds of user and system CPU time used by all threads of the process. Throws if the process is gone. */
export function cpuSeconds(pid: number): number {
  const stat = readProc(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may contain spaces
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Current resident memory of the process, in bytes. */
export const residentBytes = (pid: number): number => statusBytes(pid, 'VmRSS');

/** Peak resident memory of the process, in bytes. */
export const peakResidentBytes = (pid: number): number => statusBytes(pid, 'VmHWM');

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    throw new Error(`Process ${pid} is gone.`, { cause: error });
  }
}

function statusBytes(pid: number, name: string): number {
  const status = readProc(pid, 'status');
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`Process ${pid} has no ${name}.`);
  return Number(kilobytes) * 1024;
}

/**
 * Waits until the process is idle: at most one tick of CPU time within `quietMs`. Use it after work that has no
 * visible end, such as starting a subscription.
 */
export async function waitUntilIdle(pid: number, limitMs: number, quietMs = 300): Promise<void> {
  const end = performance.now() + limitMs;
  for (let used = cpuSeconds(pid); ; ) {
    await delay(quietMs);
    const now = cpuSeconds(pid);
    if (now - used < 0.015) return;
    if (performance.now() > end) throw new Error(`The server was still busy after ${limitMs} ms.`);
    used = now;
  }
}

/**
 * Starts measuring this process, the load generator. The returned function gives the share of one core used
 * since; with threads it can exceed 1.
 */
export function loadShareMeter(): () => number {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1000 / (performance.now() - start);
  };
}
