import type { ServerProcess } from './server.js';

/** The process ids of a server's workers, in the order of their numbers, as its log tells them. */
export function workerPids({ log }: Pick<ServerProcess, 'log'>): number[] {
  const pids: number[] = [];
  for (const { msg, worker, pid } of log) {
    if (msg === 'a worker is ready') pids[Number(worker) - 1] = Number(pid);
  }
  return pids;
}

/** How often workers of a server were replaced, and are ready again. */
export function replacements({ log }: Pick<ServerProcess, 'log'>, workers: number): number {
  return log.filter(({ msg }) => msg === 'a worker is ready').length - workers;
}

/** Whether a process exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
