import type { Duplex } from 'node:stream';

/** Calls back when a socket has drained: any number of callbacks over one listener. */
export class Drain {
  #waiting: (() => void)[] = [];

  constructor(private readonly socket: Duplex) {}

  /** Calls back once, after the callbacks that wait already or before them. */
  wait(callback: () => void, order: 'last' | 'first' = 'last'): void {
    if (this.#waiting.length === 0) this.socket.once('drain', this.#drained);
    if (order === 'first') this.#waiting.unshift(callback);
    else this.#waiting.push(callback);
  }

  readonly #drained = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  };
}
