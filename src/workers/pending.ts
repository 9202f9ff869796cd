/** Requests over a channel that wait for their answers, each under an id of its own. */
export class Pending<T> {
  readonly #waiting = new Map<number, (answer: T | undefined) => void>();
  #next = 1;

  /** Sends a request. Resolves with its answer, or with undefined if there is none within `timeoutMs`. */
  ask(timeoutMs: number, send: (id: number) => void): Promise<T | undefined> {
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, undefined), timeoutMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      send(id);
    });
  }

  /** Passes on an answer. Returns false if nobody waits for it anymore. */
  answer(id: number, answer: T): boolean {
    return this.#settle(id, answer);
  }

  #settle(id: number, answer: T | undefined): boolean {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(answer);
    return settle !== undefined;
  }
}
