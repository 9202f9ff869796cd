import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** Linux counts a process's time in ticks of 10 ms: every window is long enough that one does not matter. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU, user and system, that all threads of the process have used; throws where it is gone. */
export function cpuSeconds(pid: number): number {
  const stat = readProc(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold spaces
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Bytes of the process that are resident in memory now. */
export const residentBytes = (pid: number): number => statusBytes(pid, 'VmRSS');

/** The most bytes of the process that were ever resident in memory. */
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
 * Waits until the process has nothing to do: at most one tick within `quietMs`. It tells when work is over that
 * nobody is told of, such as a subscription that has become live.
 */
export async function settled(pid: number, limitMs: number, quietMs = 300): Promise<void> {
  const end = performance.now() + limitMs;
  for (let used = cpuSeconds(pid); ; ) {
    await delay(quietMs);
    const now = cpuSeconds(pid);
    if (now - used < 0.015) return;
    if (performance.now() > end) throw new Error(`The server was still busy after ${limitMs} ms.`);
    used = now;
  }
}

/** The share of one core that this process itself, the load side, has used since; 0 to 1 and a little more. */
export function loadShareMeter(): () => number {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1000 / (performance.now() - start);
  };
}
