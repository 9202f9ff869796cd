import { setTimeout as sleep } from 'node:timers/promises';
import { isReply } from '#redis/client/errors.js';

/** Patience is counted in so many parts of equal length. */
const TICKS = 10;

/** A tick is late if it took this many times its length, and a few milliseconds more. */
const LATE_FACTOR = 2;
const LATE_MS = 5;

/**
 * Asks Redis and returns its answer, or throws what the question threw. Throws if there is no answer within `ms`
 * milliseconds in which this process was on time.
 *
 * While the event loop is blocked, answers arrive and cannot be read. A plain timer would fire first, and the
 * process would take its own lateness for Redis' silence. So patience is a row of short ticks: one that comes
 * late is not counted, and after it comes a turn in which the answer is read. At most as many late ticks as
 * others are waited for, so that this ends in a process that is always late.
 *
 * If the process was late enough for its connection to be dropped, the question is asked again, for as long as
 * the patience lasts. It may have been counted then, so a limit may count one too many.
 */
export async function askPatiently<T>(ms: number, ask: () => Promise<T>): Promise<T> {
  const patience = new Patience(ms);
  const answer = async () => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const isOwnFault = patience.wasLate && error instanceof Error && !isReply(error);
        if (!isOwnFault || patience.isOver) throw error;
        await sleep(ms / TICKS);
      }
    }
  };
  try {
    return await Promise.race([answer(), patience.over()]);
  } finally {
    patience.stop();
  }
}

class Patience {
  /** Whether a tick came late. */
  wasLate = false;
  isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number) {}

  /** Rejects once it is used up. */
  over(): Promise<never> {
    const tickMs = this.ms / TICKS;
    let onTime = 0;
    let late = 0;
    return new Promise((_, reject) => {
      const tick = (startedAt: number) => {
        this.#timer = setTimeout(() => {
          const now = performance.now();
          if (now - startedAt > LATE_FACTOR * tickMs + LATE_MS) late += 1;
          else onTime += 1;
          this.wasLate = late > 0;
          if (onTime < TICKS && late < TICKS) return tick(now);
          this.isOver = true;
          reject(new Error(`Redis took longer than ${this.ms} ms`));
        }, tickMs);
      };
      tick(performance.now());
    });
  }

  stop(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
  }
}
