import type { AddressCount, Counted } from '#domain/ports/machine.js';

/** Counts the connections of each network address in this process alone. */
export class LocalAddressCount implements AddressCount {
  readonly #byAddress = new Map<string, number>();

  /** `limit` applies to each address. */
  constructor(private readonly limit: number) {}

  take(address: string): Counted {
    const open = this.#byAddress.get(address) ?? 0;
    if (open >= this.limit) return 'full';
    this.#byAddress.set(address, open + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = this.#byAddress.get(address)! - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }
}
