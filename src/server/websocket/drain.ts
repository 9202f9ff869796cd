import type { Duplex } from 'node:stream';

/** Runs callbacks when a socket has drained. Any number of them share one listener. */
export class Drain {
  #waiting: (() => void)[] = [];

  constructor(private readonly socket: Duplex) {}

  /** Runs the callback once, after or before those that are already waiting. */
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
