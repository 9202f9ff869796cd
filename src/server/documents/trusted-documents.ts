/**
 * Trusted documents: those that a client was built with, by the ids that its build gave them. If they are
 * required, this server runs no others, over any transport.
 *
 *   documentId: "<id>"  or  extensions: { persistedQuery: { sha256Hash: "<id>" } }
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'graphql-yoga';
import { ChatError } from '#domain/errors.js';

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
   * Throws BAD_USER_INPUT if the id is unknown and there is no text, FORBIDDEN if a text is not trusted and
   * trusted documents are required.
   */
  documentOf(params: OperationParams): unknown {
    const id = documentIdOf(params);
    const known = typeof id === 'string' ? this.documents.get(id) : undefined;
    if (known !== undefined) return known;
    if (this.required) {
      if (id !== undefined) throw unknownId();
      throw new ChatError(
        'FORBIDDEN',
        'This server runs trusted documents only. Send the documentId of one.',
      );
    }
    if (id !== undefined && !params.query) throw unknownId();
    return params.query;
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

function unknownId(): ChatError {
  return new ChatError('BAD_USER_INPUT', 'documentId: no document with this id is known', {
    field: 'documentId',
  });
}
