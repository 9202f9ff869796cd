import type { Duplex } from 'node:stream';

/** Who is to be told when a socket has drained: any number of them, by one listener. */
export class Drain {
  #waiters: (() => void)[] = [];

  constructor(private readonly socket: Duplex) {}

  /** Calls back once, behind those who wait already, or before them. */
  wait(callback: () => void, where: 'behind' | 'before' = 'behind'): void {
    if (this.#waiters.length === 0) this.socket.once('drain', this.#tell);
    if (where === 'before') this.#waiters.unshift(callback);
    else this.#waiters.push(callback);
  }

  readonly #tell = (): void => {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  };
}
