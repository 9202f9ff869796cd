/** How long to wait between tries. Both in milliseconds. */
export interface BackoffOptions {
  /** The most that the first wait may take, doubled with each try that fails; 500 where not given. */
  retryBaseMs?: number;
  /** The most that any wait may take; 15,000 where not given. */
  retryCapMs?: number;
}

const BASE_MS = 500;
const CAP_MS = 15_000;

/** The cap of these options, in milliseconds. */
export function capOf({ retryCapMs = CAP_MS }: BackoffOptions): number {
  return retryCapMs;
}

/**
 * A time to wait before try number `attempt` (from 1), in milliseconds: anything from 0 up to a bound that
 * doubles. Fully random, so that a crowd that was dropped at once comes back spread out.
 */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const { retryBaseMs = BASE_MS } = options;
  return Math.random() * Math.min(capOf(options), retryBaseMs * 2 ** (attempt - 1));
}

/** Calls back after a time, or as soon as the browser is online again. Returns what takes it back. */
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
  // Node has no such event.
  globalThis.addEventListener?.('online', finish);
  return cancel;
}
