import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** The promise's result, or an error that names `what` once `limitMs` have passed. */
export function before<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Waited ${limitMs} ms for ${what}.`)), limitMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Asks again every `everyMs` until the answer is true; an error names `what` once `limitMs` have passed. */
export async function until(
  limitMs: number,
  what: string,
  isSo: () => Promise<boolean> | boolean,
  everyMs = 25,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Waited ${limitMs} ms for ${what}.`);
    await delay(everyMs);
  }
}
