import type { DocumentNode, GraphQLError } from 'graphql';

/** The maximum number of entries. */
const CAPACITY = 512;

/** The maximum length of all texts together, in characters. A parsed document uses about 60 bytes per character. */
const CAPACITY_LENGTH = 262_144;

/** Longer texts, in characters, are not cached, so that a few of them cannot push out all others. */
const MAX_TEXT_LENGTH = 16_384;

/** A cache keyed by texts that clients send. Drops the least recently used entries when it is full. */
export class BoundedCache<T> {
  readonly #known = new Map<string, T>();
  /** The length of all texts. */
  #length = 0;

  get(text: string): T | undefined {
    const known = this.#known.get(text);
    if (known === undefined) return undefined;
    this.#known.delete(text);
    this.#known.set(text, known);
    return known;
  }

  set(text: string, value: T): void {
    if (text.length > MAX_TEXT_LENGTH) return;
    if (!this.#known.has(text)) this.#length += text.length;
    this.#known.set(text, value);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= CAPACITY && this.#length <= CAPACITY_LENGTH) return;
      this.#known.delete(oldest);
      this.#length -= oldest.length;
    }
  }
}

/** A parsed document. It must not be executed if it has errors. */
export interface PreparedDocument {
  document: DocumentNode;
  errors: readonly GraphQLError[];
}

/**
 * Caches parsed and validated documents by their text. All connections share the cache, because thousands of
 * clients send the same text. Invalid documents are not cached.
 */
export class Documents {
  readonly #known = new BoundedCache<PreparedDocument>();
  /** A crowd sends the same document over and over. Comparing two strings is faster than a lookup. */
  #latest: { query: string; prepared: PreparedDocument } | undefined;

  /** Returns a document from the cache, or prepares it. Throws the syntax errors of `parseAndValidate`. */
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
