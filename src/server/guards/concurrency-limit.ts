import type { IncomingMessage } from 'node:http';
import { type Guard, tryAgainLater, type Verdict } from './guard.js';

/** Limits on long-lived connections (WebSockets and streams) per node and per address. 0 means no limit. */
export interface ConcurrencyLimits {
  connections: number;
  perAddress: number;
}

/** How long a refused client should wait before it tries again, in milliseconds. */
const RETRY_AFTER_MS = 5_000;

const TOO_MANY = {
  message: 'Too many connections. Try again later.',
  extensions: { code: 'RATE_LIMITED', retryAfterMs: RETRY_AFTER_MS },
};

/** Limits how many long-lived connections are open at once, in all and from each address. */
export class ConcurrencyLimit implements Guard {
  #open = 0;
  readonly #byAddress = new Map<string, number>();

  constructor(
    private readonly limits: ConcurrencyLimits,
    /** The network address of a request; see client-address.ts. */
    private readonly addressOf: (request: IncomingMessage) => string,
  ) {}

  /**
   * Admits a connection and returns its release function. Refuses with 503 if the node is full, or with 429
   * if the address has too many connections.
   */
  check(request: IncomingMessage): Verdict {
    const { connections, perAddress } = this.limits;
    if (connections > 0 && this.#open >= connections) {
      return tryAgainLater('connections', 503, TOO_MANY, RETRY_AFTER_MS);
    }
    const address = perAddress > 0 ? this.addressOf(request) : '';
    const fromAddress = this.#byAddress.get(address) ?? 0;
    if (perAddress > 0 && fromAddress >= perAddress) {
      return tryAgainLater('address', 429, TOO_MANY, RETRY_AFTER_MS);
    }
    this.#open += 1;
    if (perAddress > 0) this.#byAddress.set(address, fromAddress + 1);
    // The address, until it is released.
    let held: string | undefined = address;
    return {
      allowed: true,
      release: () => {
        if (held !== undefined) this.#release(held);
        held = undefined;
      },
    };
  }

  #release(address: string): void {
    this.#open -= 1;
    const fromAddress = (this.#byAddress.get(address) ?? 0) - 1;
    if (fromAddress > 0) this.#byAddress.set(address, fromAddress);
    else this.#byAddress.delete(address);
  }
}
