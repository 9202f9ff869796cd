/**
 * Trusted documents: those that a client was built with, by the ids that its build gave them. If they are
 * required, this server runs no others, over any transport. Only the page and the client package that come with
 * this server may send their documents as texts.
 *
 *   documentId: "<id>"  or  extensions: { persistedQuery: { sha256Hash: "<id>" } }
 */
import { readFileSync } from 'node:fs';
import { GraphQLError, stripIgnoredCharacters } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { ChatError } from '#domain/errors.js';
import { BUILT_IN_DOCUMENTS } from './generated/built-in.js';

/** The parameters of an operation that may name its document. Clients send them, so they can have any shape. */
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
   * Finds the document of an operation: by its id if it is known, else the text. Undefined if it has neither.
   * Throws BAD_USER_INPUT if the id is unknown, or what Apollo's clients expect if it is the hash of a persisted
   * query without a text. Throws FORBIDDEN for other texts if trusted documents are required.
   */
  documentOf(params: OperationParams): unknown {
    const { query } = params;
    const id = documentIdOf(params);
    const known = typeof id === 'string' ? this.documents.get(id) : undefined;
    if (known !== undefined) return known;
    if (id !== undefined && !query) throw params.documentId == null ? this.#unknownHash() : unknownId();
    if (!this.required || isBuiltIn(query)) return query;
    if (id !== undefined) throw unknownId();
    throw new ChatError('FORBIDDEN', 'This server runs trusted documents only. Send the documentId of one.');
  }

  /**
   * Apollo's clients send the hash of a query first. On either error they send the text as well. On the second
   * one they also stop to send hashes.
   */
  #unknownHash(): GraphQLError {
    return this.documents.size > 0
      ? persistedQueryError('PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND')
      : persistedQueryError('PersistedQueryNotSupported', 'PERSISTED_QUERY_NOT_SUPPORTED');
  }
}

/** Whether an operation names its document by an id. */
export function namesDocument(params: OperationParams): boolean {
  return documentIdOf(params) !== undefined;
}

/** A Yoga plugin that replaces the id of a document by its text. */
export function useTrustedDocuments(documents: TrustedDocuments): Plugin {
  return {
    onParams: ({ request, params, setParams }) => {
      // Yoga checks the shape later.
      if (typeof params !== 'object' || params === null || Array.isArray(params)) return;
      const inUrl = request.method === 'GET' ? new URL(request.url).searchParams.get('documentId') : null;
      const named: OperationParams = inUrl === null ? params : { ...params, documentId: inUrl };
      const query = documents.documentOf(named);
      if (query !== params.query) setParams({ ...params, query: query as string });
    },
  };
}

/**
 * Reads a manifest as graphql-codegen's `persistedDocuments` writes it: an object that maps ids to texts. Throws
 * an error that names the variable TRUSTED_DOCUMENTS.
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

/** Whether a text is a document of the page or the client package. White space and comments do not matter. */
function isBuiltIn(text: unknown): boolean {
  try {
    return typeof text === 'string' && BUILT_IN.has(stripIgnoredCharacters(text));
  } catch {
    // A syntax error, which those documents do not have.
    return false;
  }
}

/** With the message and the code that Apollo's clients look for. */
function persistedQueryError(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function unknownId(): ChatError {
  return new ChatError('BAD_USER_INPUT', 'documentId: no document with this id is known', {
    field: 'documentId',
  });
}
