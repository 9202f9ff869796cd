/**
 * The subscriptions of one connection that are on their way to being live, by operation id. A mutation waits
 * for those that came before it, so that subscribe-then-send never misses its own message.
 */
export class Joining {
  /** Most connections have nothing on its way nearly all of the time: then there is no map. */
  #underWay: Map<string, { settled: Promise<void>; settle: () => void }> | undefined;

  begin(id: string): void {
    let settle!: () => void;
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.#underWay ??= new Map();
    this.#underWay.set(id, { settled, settle });
  }

  /** It is live, or has failed. */
  end(id: string): void {
    this.#underWay?.get(id)?.settle();
    this.#underWay?.delete(id);
    if (this.#underWay?.size === 0) this.#underWay = undefined;
  }

  /** Resolves when none of those is on its way that are so now; undefined where there are none. */
  soFar(): Promise<unknown> | undefined {
    if (this.#underWay === undefined) return undefined;
    return Promise.all([...this.#underWay.values()].map(({ settled }) => settled));
  }
}
