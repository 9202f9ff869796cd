import { setTimeout as sleep } from 'node:timers/promises';
import { isReply } from '#redis/client/errors.js';

/** The number of equal parts that the time limit is divided into. */
const TICKS = 10;

/** A tick is late if it took longer than LATE_FACTOR times its length plus LATE_MS milliseconds. */
const LATE_FACTOR = 2;
const LATE_MS = 5;

/**
 * Calls `ask` and returns its result, or throws its error. Throws if there is no result within `ms`
 * milliseconds, not counting time in which this process was blocked.
 *
 * While the event loop is blocked, replies arrive but cannot be read. A plain timer would fire before they
 * are read, and the process would blame Redis for its own delay. So the limit consists of short ticks, and
 * late ticks do not count: after each one, the event loop gets a turn to read the reply. The number of late
 * ticks is limited as well, so that this also ends in a process that is always late.
 *
 * If the process was blocked for so long that its connection was dropped, `ask` is called again until the
 * limit is used up. The first call may have reached Redis, so a rate limit may count one action too many.
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
  /** Whether any tick was late. */
  wasLate = false;
  isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number) {}

  /** Rejects once the limit is used up. */
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
