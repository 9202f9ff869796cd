/** Adds up what each network address has left unread on all workers, in the primary process. */

/** What one worker should do about one address: close connections until only so many bytes are unread. */
export interface Relief {
  worker: number;
  address: string;
  bytes: number;
}

/** Connections are closed until an address is below this share of its limit, as on a server of one process. */
const RELIEF = 0.9;

/** The share of the limit that addresses may leave unread without being reported, over all workers together. */
const UNREPORTED = 0.1;

/**
 * How many unread bytes an address must have on a worker to be reported. Most addresses have less, so reports stay short.
 * What is not reported is at most a tenth of the limit.
 */
export function reportedFrom(limit: number, workers: number): number {
  return Math.ceil((UNREPORTED * limit) / workers);
}

export class UnreadTotals {
  readonly #byAddress = new Map<string, Map<number, number>>();
  readonly #byWorker = new Map<number, string[]>();
  readonly #unreported: number;

  /** `limit` is what an address may leave unread, in bytes. */
  constructor(
    private readonly limit: number,
    private readonly workers: number,
  ) {
    this.#unreported = reportedFrom(limit, workers);
  }

  /** Takes the report of a worker, which replaces its last one. Returns what to do if an address has too much. */
  report(worker: number, backlogs: readonly (readonly [address: string, bytes: number])[]): Relief[] {
    this.forget(worker);
    this.#byWorker.set(
      worker,
      backlogs.map(([address]) => address),
    );
    for (const [address, bytes] of backlogs) {
      const known = this.#byAddress.get(address) ?? new Map<number, number>();
      this.#byAddress.set(address, known.set(worker, bytes));
    }
    return backlogs.flatMap(([address]) => this.#reliefOf(address));
  }

  /** Forgets what a worker has reported. */
  forget(worker: number): void {
    for (const address of this.#byWorker.get(worker) ?? []) {
      const known = this.#byAddress.get(address);
      known?.delete(worker);
      if (known?.size === 0) this.#byAddress.delete(address);
    }
    this.#byWorker.delete(worker);
  }

  #reliefOf(address: string): Relief[] {
    const known = this.#byAddress.get(address)!;
    // Workers that report nothing may have just less than what they would report.
    let total = this.#unreported * (this.workers - known.size);
    for (const bytes of known.values()) total += bytes;
    if (total <= this.limit) return [];
    let excess = total - RELIEF * this.limit;
    const reliefs: Relief[] = [];
    for (const [worker, bytes] of [...known].sort(([, a], [, b]) => b - a)) {
      if (excess <= 0) break;
      const left = Math.max(0, bytes - excess);
      excess -= bytes - left;
      reliefs.push({ worker, address, bytes: left });
      // Until the worker reports again, believe that it did. Otherwise the next report of another one, which may come
      // first, would close connections for the same bytes.
      known.set(worker, left);
    }
    return reliefs;
  }
}
