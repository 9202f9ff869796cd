/**
 * The subscriptions of one connection that are not live yet. A mutation waits for those before it, so that a
 * client that subscribes and then sends never misses its own message.
 */
export class PendingSubscriptions {
  readonly #pending = new Set<Promise<void>>();

  /** Adds a subscription that is pending until `settled` resolves: it is live, or failed. Must not reject. */
  add(settled: Promise<void>): void {
    this.#pending.add(settled);
    void settled.finally(() => this.#pending.delete(settled));
  }

  /** Resolves when none of those pending now is pending any more. Undefined if there are none. */
  settled(): Promise<unknown> | undefined {
    return this.#pending.size === 0 ? undefined : Promise.all(this.#pending);
  }
}
