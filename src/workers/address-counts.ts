/** Counts the long-lived connections of each network address over all workers, in the primary process. */
export class AddressCounts {
  readonly #inAll = new Map<string, number>();
  readonly #byWorker = new Map<number, Map<string, number>>();

  /** `limit` applies to each address. */
  constructor(private readonly limit: number) {}

  /** Counts one more connection of an address on a worker. Returns false if the address has too many. */
  take(worker: number, address: string): boolean {
    if ((this.#inAll.get(address) ?? 0) >= this.limit) return false;
    const own = this.#byWorker.get(worker) ?? new Map<string, number>();
    this.#byWorker.set(worker, own);
    add(own, address, 1);
    add(this.#inAll, address, 1);
    return true;
  }

  /** Ends the count of one connection. Does nothing if the worker has none of this address. */
  give(worker: number, address: string): void {
    const own = this.#byWorker.get(worker);
    if (!own?.has(address)) return;
    add(own, address, -1);
    add(this.#inAll, address, -1);
  }

  /** Ends the count of all connections of a worker, because it has ended. */
  forget(worker: number): void {
    for (const [address, count] of this.#byWorker.get(worker) ?? []) add(this.#inAll, address, -count);
    this.#byWorker.delete(worker);
  }

  /** The number of addresses with connections. */
  get size(): number {
    return this.#inAll.size;
  }
}

/** Changes a count. A count of 0 is no entry. */
function add(counts: Map<string, number>, address: string, by: number): void {
  const count = (counts.get(address) ?? 0) + by;
  if (count > 0) counts.set(address, count);
  else counts.delete(address);
}
