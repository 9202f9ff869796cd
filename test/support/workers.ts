import type { ServerProcess } from './server.js';
import { until } from './until.js';

/** The process ids of a server's workers, in the order of their numbers, as its log tells them. */
export function workerPids({ log }: Pick<ServerProcess, 'log'>): number[] {
  const pids: number[] = [];
  for (const { msg, worker, pid } of log) {
    if (msg === 'a worker is ready') pids[Number(worker) - 1] = Number(pid);
  }
  return pids;
}

/** Waits until so many workers of a server have been replaced. `workers` is how many it has. */
export async function untilReplaced(server: ServerProcess, workers: number, times = 1): Promise<void> {
  const ready = () => server.log.filter(({ msg }) => msg === 'a worker is ready').length;
  // A busy machine takes long to start a process.
  await until(() => ready() === workers + times, { what: 'a worker to be replaced', timeout: 50_000 });
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
