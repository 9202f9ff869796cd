import type { Operation } from './operation.js';

/**
 * The open operations of one connection, by id. Most connections have a single one, so the map is created
 * only for more: it saves a noticeable amount of memory with ten thousand connections.
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

  /** Removes an operation, but not a newer one with the same id. */
  remove(operation: Operation): void {
    if (this.#only === operation) this.#only = undefined;
    if (this.#all?.get(operation.id) !== operation) return;
    this.#all.delete(operation.id);
    if (this.#all.size === 0) this.#all = undefined;
  }

  /** A copy of the list of operations, in the order in which they began. */
  list(): Operation[] {
    if (this.#all !== undefined) return [...this.#all.values()];
    return this.#only === undefined ? [] : [this.#only];
  }
}
