import type { Operation } from './operation.js';

/**
 * The operations of one connection that have not ended, by id. Most connections have one, so the map for more
 * is made only when it is needed: among ten thousand idle connections, the maps would show.
 */
export class Operations {
  #only: Operation | undefined;
  #all: Map<string, Operation> | undefined;

  get size(): number {
    return this.#all?.size ?? (this.#only === undefined ? 0 : 1);
  }

  get(id: string): Operation | undefined {
    if (this.#all !== undefined) return this.#all.get(id);
    return this.#only?.id === id ? this.#only : undefined;
  }

  add(operation: Operation): void {
    if (this.#only === undefined && this.#all === undefined) {
      this.#only = operation;
      return;
    }
    if (this.#all === undefined) {
      this.#all = new Map([[this.#only!.id, this.#only!]]);
      this.#only = undefined;
    }
    this.#all.set(operation.id, operation);
  }

  /** Removes an operation, but not another one that has its id by now. */
  remove(operation: Operation): void {
    if (this.#only === operation) this.#only = undefined;
    if (this.#all?.get(operation.id) !== operation) return;
    this.#all.delete(operation.id);
    if (this.#all.size === 0) this.#all = undefined;
  }

  /** All of them now, in the order in which they began. */
  list(): Operation[] {
    if (this.#all !== undefined) return [...this.#all.values()];
    return this.#only === undefined ? [] : [this.#only];
  }
}
