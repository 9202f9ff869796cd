import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface UntilOptions {
  /** What is awaited, for the error message: `the third message`. */
  what: string;
  /** In milliseconds. Defaults to 20,000. */
  timeout?: number;
  /** The pause between checks in milliseconds. Defaults to 10. */
  interval?: number;
}

/** Two heartbeats: on a busy machine a presence write may fail, and the next heartbeat repeats it. */
const TIMEOUT_MS = 20_000;

/**
 * Checks a condition repeatedly until it returns a truthy value, and returns that value. A condition that
 * throws does not hold yet.
 * @throws {Error} on timeout, naming what was awaited and the last value or error
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeout = TIMEOUT_MS, interval = 10 }: UntilOptions,
): Promise<T> {
  const timeIsUp = AbortSignal.timeout(timeout);
  let last = 'the first look had not ended';
  let cause: unknown;
  const expired = new Promise<never>((_, reject) => {
    timeIsUp.addEventListener('abort', () => {
      reject(new Error(`Waited ${timeout} ms for ${what}; last seen: ${last}`, { cause }));
    });
  });
  // The race below reports the rejection. After the race, nothing else awaits it.
  expired.catch(() => undefined);
  while (!timeIsUp.aborted) {
    try {
      // A condition that hangs must time out too.
      const value = await Promise.race([Promise.resolve().then(condition), expired]);
      if (value) return value;
      last = inspect(value, { depth: 4 });
      cause = undefined;
    } catch (error) {
      if (timeIsUp.aborted) break;
      last = String(error);
      cause = error;
    }
    await sleep(interval);
  }
  return expired;
}
