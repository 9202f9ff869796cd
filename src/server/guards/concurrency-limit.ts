/**
 * How many connections that stay open (WebSockets, event streams) one node takes, in all and from each
 * address. 0 is no limit. What was let in is let go of once.
 */
export interface AdmissionLimits {
  connections: number;
  perAddress: number;
}

/** Why a connection is not taken, with the status that says so. */
export type Overload = { status: 503 | 429; reason: 'connections' | 'address' };

export class Admission {
  #open = 0;
  readonly #byAddress = new Map<string, number>();

  constructor(private readonly limits: AdmissionLimits) {}

  /** How many are open. */
  get open(): number {
    return this.#open;
  }

  /** Takes one in, and gives what lets it go, which may be called twice; or says why not. */
  admit(address: string): Overload | (() => void) {
    const { connections, perAddress } = this.limits;
    if (connections > 0 && this.#open >= connections) return { status: 503, reason: 'connections' };
    const fromHere = this.#byAddress.get(address) ?? 0;
    if (perAddress > 0 && fromHere >= perAddress) return { status: 429, reason: 'address' };
    this.#open += 1;
    if (perAddress > 0) this.#byAddress.set(address, fromHere + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#release(address);
    };
  }

  #release(address: string): void {
    this.#open -= 1;
    const fromHere = (this.#byAddress.get(address) ?? 0) - 1;
    if (fromHere > 0) this.#byAddress.set(address, fromHere);
    else this.#byAddress.delete(address);
  }
}
