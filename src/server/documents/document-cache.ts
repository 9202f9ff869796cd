import type { DocumentNode, GraphQLError } from 'graphql';

/** Entries kept at once. */
const CAPACITY = 512;

/** Characters in the longest text that is kept, so that a few long ones cannot fill the memory. */
const LONGEST_KEPT = 16_384;

/** A cache keyed by texts that clients send. Drops the least recently used entry when it is full. */
export class BoundedCache<T> {
  readonly #known = new Map<string, T>();

  get(text: string): T | undefined {
    const known = this.#known.get(text);
    if (known === undefined) return undefined;
    this.#known.delete(text);
    this.#known.set(text, known);
    return known;
  }

  set(text: string, value: T): void {
    if (text.length > LONGEST_KEPT) return;
    this.#known.set(text, value);
    if (this.#known.size <= CAPACITY) return;
    const oldest = this.#known.keys().next();
    if (!oldest.done) this.#known.delete(oldest.value);
  }
}

/** A document, or why it cannot be used. */
export interface PreparedDocument {
  document: DocumentNode;
  errors: readonly GraphQLError[];
}

/**
 * Parsed and validated documents, by their text. All connections share them, since thousands of clients send
 * the same text. Invalid documents are not kept.
 */
export class Documents {
  readonly #known = new BoundedCache<PreparedDocument>();
  /** A crowd asks for one document: to compare two texts is cheaper than to look one up. */
  #latest: { query: string; prepared: PreparedDocument } | undefined;

  /** `parseAndValidate` throws a GraphQLError for what cannot be parsed. */
  prepare(query: string, parseAndValidate: (query: string) => PreparedDocument): PreparedDocument {
    if (this.#latest?.query === query) return this.#latest.prepared;
    let prepared = this.#known.get(query);
    if (prepared === undefined) {
      prepared = parseAndValidate(query);
      if (prepared.errors.length > 0) return prepared;
      this.#known.set(query, prepared);
    }
    this.#latest = { query, prepared };
    return prepared;
  }
}
