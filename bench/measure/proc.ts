import { execFileSync } from 'node:child_process';
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

/** The same for the process and its child processes together, as far as they are running. */
export function treeCpuSeconds(pid: number): number {
  const children = readProc(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children].reduce((sum, one) => sum + cpuSeconds(one), 0);
}

/** Lets all threads of this process run on these cores only, such as `0,1`. */
export function pinThisProcess(cores: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)], { stdio: 'ignore' });
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
 * Waits until the process and its child processes are idle: at most one tick of CPU time within `quietMs`. Use it after work that has no
 * visible end, such as starting a subscription.
 */
export async function waitUntilIdle(pid: number, limitMs: number, quietMs = 300): Promise<void> {
  const end = performance.now() + limitMs;
  for (let used = treeCpuSeconds(pid); ; ) {
    await delay(quietMs);
    const now = treeCpuSeconds(pid);
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
