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

/**
 * Parsed and validated documents, by their text. All connections share them, since thousands of clients send
 * the same text. Invalid documents are not kept.
 */
export class Documents {
  readonly #known = new BoundedCache<DocumentNode>();

  /** Parses and validates a text that is not in the cache. Throws what `parseAndValidate` throws. */
  prepare(
    query: string,
    parseAndValidate: (query: string) => { document: DocumentNode; errors: readonly GraphQLError[] },
  ): { document: DocumentNode; errors: readonly GraphQLError[] } {
    const known = this.#known.get(query);
    if (known !== undefined) return { document: known, errors: [] };
    const prepared = parseAndValidate(query);
    if (prepared.errors.length === 0) this.#known.set(query, prepared.document);
    return prepared;
  }
}
