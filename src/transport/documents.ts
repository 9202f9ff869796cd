import type { DocumentNode, GraphQLError } from 'graphql';
import { BoundedCache } from './bounded-cache.js';

/**
 * Documents that were parsed and found valid, by their text, across all connections: a thousand viewers
 * subscribe with the same text. What was refused is not kept.
 */
export class Documents {
  readonly #known = new BoundedCache<DocumentNode>();

  /** `parseAndValidate` throws a GraphQLError for what cannot be parsed. */
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
