/**
 * Trusted documents (also known as persisted documents): those that a client was built with, identified by
 * the ids that its build assigned. If they are required, the server refuses all others on every transport.
 * Only the documents of the built-in page and the client package may still be sent as text.
 *
 *   documentId: "<id>"  or  extensions: { persistedQuery: { sha256Hash: "<id>" } }
 */
import { readFileSync } from 'node:fs';
import { GraphQLError, stripIgnoredCharacters } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { badInput, ChatError } from '#domain/errors.js';
import { BUILT_IN_DOCUMENTS } from './generated/built-in.js';

/**
 * The parameters of an operation that may name its document. Clients send them, so they can have any shape.
 */
export interface OperationParams {
  query?: unknown;
  documentId?: unknown;
  extensions?: unknown;
}

export class TrustedDocuments {
  constructor(
    private readonly documents: ReadonlyMap<string, string>,
    /** Whether all other documents are refused. */
    private readonly required: boolean,
  ) {}

  /**
   * The document of an operation: the one with its id if that is known, otherwise its text. Undefined if it
   * has neither. For an unknown id without a text, throws BAD_USER_INPUT, or what Apollo's clients expect if
   * it is the hash of a persisted query. Throws FORBIDDEN for other texts if trusted documents are required.
   */
  documentOf(params: OperationParams): unknown {
    const { query } = params;
    const id = documentIdOf(params);
    const known = typeof id === 'string' ? this.documents.get(id) : undefined;
    if (known !== undefined) return known;
    if (id !== undefined && !query) throw params.documentId == null ? this.#unknownHash() : unknownId();
    if (!this.required || isBuiltIn(query)) return query;
    if (id !== undefined) throw unknownId();
    throw new ChatError('FORBIDDEN', 'This server only runs trusted documents. Send the documentId of one.');
  }

  /**
   * Apollo's clients first send only the hash of a query. On either error they send the text as well. On the
   * second one they also stop sending hashes.
   */
  #unknownHash(): GraphQLError {
    return this.documents.size > 0
      ? persistedQueryError('PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND')
      : persistedQueryError('PersistedQueryNotSupported', 'PERSISTED_QUERY_NOT_SUPPORTED');
  }
}

/** Whether an operation identifies its document by an id. */
export function namesDocument(params: OperationParams): boolean {
  return documentIdOf(params) !== undefined;
}

/** A Yoga plugin that replaces the id of a document with its text. */
export function useTrustedDocuments(documents: TrustedDocuments): Plugin {
  return {
    onParams: ({ request, params, setParams }) => {
      // Yoga refuses other shapes later.
      if (typeof params !== 'object' || params === null || Array.isArray(params)) return;
      const inUrl = request.method === 'GET' ? new URL(request.url).searchParams.get('documentId') : null;
      const named: OperationParams = inUrl === null ? params : { ...params, documentId: inUrl };
      const query = documents.documentOf(named);
      if (query !== params.query) setParams({ ...params, query: query as string });
    },
  };
}

/**
 * Reads a manifest in the format of graphql-codegen's `persistedDocuments`: an object that maps ids to texts.
 * Throws an error that names the variable TRUSTED_DOCUMENTS.
 */
export function readManifest(path: string): Map<string, string> {
  try {
    return documentsIn(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new Error(`TRUSTED_DOCUMENTS cannot be read: ${(error as Error).message}`);
  }
}

function documentsIn(manifest: unknown): Map<string, string> {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    throw new Error('it is not an object that maps ids to documents');
  }
  const entries = Object.entries(manifest);
  for (const [id, document] of entries) {
    if (typeof document !== 'string') throw new Error(`its entry ${JSON.stringify(id)} is not a string`);
  }
  return new Map(entries as [string, string][]);
}

function documentIdOf({ documentId, extensions }: OperationParams): unknown {
  if (documentId != null) return documentId;
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } | null };
  return persistedQuery?.sha256Hash ?? undefined;
}

const BUILT_IN: ReadonlySet<string> = new Set(BUILT_IN_DOCUMENTS);

/** Whether a text is a document of the page or the client package. Ignores white space and comments. */
function isBuiltIn(text: unknown): boolean {
  try {
    return typeof text === 'string' && BUILT_IN.has(stripIgnoredCharacters(text));
  } catch {
    // A text with a syntax error is not one of them.
    return false;
  }
}

/** An error with the message and code that Apollo's clients look for. */
function persistedQueryError(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function unknownId(): ChatError {
  return badInput('documentId', 'is not the id of a known document');
}
