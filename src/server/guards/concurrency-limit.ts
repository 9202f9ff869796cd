import type { IncomingMessage } from 'node:http';
import type { AddressCount, Counted } from '#domain/ports/machine.js';
import { LocalAddressCount } from './address-count.js';
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

/** The address has too many; or there may be too many, because its connections could not be counted. */
const REFUSALS = { full: 429, unknown: 503 } as const;

/** Limits how many long-lived connections are open at once, in all and from each address. */
export class ConcurrencyLimit implements Guard {
  #open = 0;

  constructor(
    private readonly limits: ConcurrencyLimits,
    /** The network address of a request; see client-address.ts. */
    private readonly addressOf: (request: IncomingMessage) => string,
    /** Counts the connections of each address, if they are limited. */
    private readonly addresses: AddressCount = new LocalAddressCount(limits.perAddress),
  ) {}

  /**
   * Admits a connection and returns its release function. Refuses with 503 if the node is full or the address could not
   * be counted, or with 429 if the address has too many connections.
   */
  check(request: IncomingMessage): Verdict | Promise<Verdict> {
    const { connections, perAddress } = this.limits;
    if (connections > 0 && this.#open >= connections) {
      return tryAgainLater('connections', 503, TOO_MANY, RETRY_AFTER_MS);
    }
    // Count it before the address is counted, which may take a while.
    this.#open += 1;
    const counted = perAddress > 0 ? this.addresses.take(this.addressOf(request)) : nothing;
    return counted instanceof Promise
      ? counted.then((answer) => this.#verdict(answer))
      : this.#verdict(counted);
  }

  #verdict(counted: Counted): Verdict {
    if (typeof counted === 'string') {
      this.#open -= 1;
      return tryAgainLater('address', REFUSALS[counted], TOO_MANY, RETRY_AFTER_MS);
    }
    // Ends the count of the address, until it is released.
    let held: (() => void) | undefined = counted;
    return {
      allowed: true,
      release: () => {
        if (held === undefined) return;
        held();
        held = undefined;
        this.#open -= 1;
      },
    };
  }
}

function nothing(): void {
  // The address is not counted.
}
