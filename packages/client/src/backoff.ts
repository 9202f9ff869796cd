/** How long to wait between attempts. */
export interface BackoffOptions {
  /** The upper bound of the first wait, in milliseconds. Doubles with each failed attempt. 500 by default. */
  retryBaseMs?: number;
  /** The upper bound of every wait, in milliseconds. 15,000 by default. */
  retryCapMs?: number;
}

const BASE_MS = 500;
const CAP_MS = 15_000;

/** The upper bound of every wait, in milliseconds. */
export function capOf({ retryCapMs = CAP_MS }: BackoffOptions): number {
  return retryCapMs;
}

/**
 * The wait before the next attempt after `failures` failed ones, in milliseconds: random between 0 and a
 * bound that doubles ("full jitter"). Clients that were disconnected together do not reconnect together.
 */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const { retryBaseMs = BASE_MS } = options;
  return Math.random() * Math.min(capOf(options), retryBaseMs * 2 ** (failures - 1));
}

/** Calls back after a delay, or as soon as the browser is online again. Returns a function that cancels. */
export function callAfter(ms: number, callback: () => void): () => void {
  const cancel = () => {
    clearTimeout(timer);
    globalThis.removeEventListener?.('online', finish);
  };
  const finish = () => {
    cancel();
    callback();
  };
  const timer = setTimeout(finish, ms);
  // Node has no `addEventListener` and no such event.
  globalThis.addEventListener?.('online', finish);
  return cancel;
}
