import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface UntilOptions {
  /** What is waited for, as it should read in the error: `the third message`. */
  what: string;
  /** In milliseconds; 20,000 if not given. */
  timeout?: number;
  /** The pause between two looks, in milliseconds; 10 where not given. */
  interval?: number;
}

/** Two heartbeats: on a busy machine a write of presence may fail, and the next heartbeat repeats it. */
const TIMEOUT_MS = 20_000;

/**
 * Looks again and again until the condition gives something truthy, and returns that. A condition that
 * throws is one that does not hold yet.
 * @throws {Error} when the time is up: it names what was waited for, and the last value or error
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
  // Whoever awaits the race below gets the rejection; after the race nobody does.
  expired.catch(() => undefined);
  while (!timeIsUp.aborted) {
    try {
      // Against the clock, since a condition may hang: that is a failure of the test like any other.
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
