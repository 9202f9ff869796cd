import type { Duplex } from 'node:stream';

/**
 * What happens when a socket has drained, in this order: answers that were read no longer count, messages that were
 * held because of them are handled, and subscriptions fill the socket again.
 */
const ORDER = ['answers', 'messages', 'subscriptions'] as const;

/** One step of what happens when a socket has drained. */
export type DrainStep = (typeof ORDER)[number];

/** Runs callbacks when a socket has drained. Any number of them share one listener. */
export class Drain {
  #waiting: Partial<Record<DrainStep, (() => void)[]>> | undefined;

  constructor(private readonly socket: Duplex) {}

  /** Runs the callback once. Callbacks of one step run in the order in which they were added. */
  wait(callback: () => void, step: DrainStep): void {
    if (this.#waiting === undefined) {
      this.#waiting = {};
      this.socket.once('drain', this.#drained);
    }
    const callbacks = this.#waiting[step];
    if (callbacks === undefined) this.#waiting[step] = [callback];
    else callbacks.push(callback);
  }

  /** The socket has closed: answers will not be read any more, so they no longer count either. */
  closed(): void {
    const { answers = [] } = this.#waiting ?? {};
    this.#waiting = undefined;
    for (const callback of answers) callback();
  }

  readonly #drained = (): void => {
    const waiting = this.#waiting ?? {};
    this.#waiting = undefined;
    for (const step of ORDER) {
      for (const callback of waiting[step] ?? []) callback();
    }
  };
}
