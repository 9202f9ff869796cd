import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves to the promise's result. Rejects with an error that names `what` if it takes longer than
 * `limitMs`.
 */
export function withDeadline<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Timed out after ${limitMs} ms waiting for ${what}.`)),
      limitMs,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Checks `condition` every `everyMs` until it is true. Rejects with an error that names `what` after
 * `limitMs`.
 */
export async function until(
  limitMs: number,
  what: string,
  condition: () => Promise<boolean> | boolean,
  everyMs = 25,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Timed out after ${limitMs} ms waiting for ${what}.`);
    await delay(everyMs);
  }
}
