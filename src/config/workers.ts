import { availableParallelism } from 'node:os';
import type { Values } from './variables.js';

/** The most workers that `auto` starts. */
const MAX_AUTO_WORKERS = 64;

/** The number of workers: for `auto`, one for each core that this process may use. */
export function workersOf(workers: Values['WORKERS']): number {
  return workers === 'auto' ? Math.min(availableParallelism(), MAX_AUTO_WORKERS) : workers;
}
