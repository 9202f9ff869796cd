/**
 * The documents that a client was built with, by the id that its build gave them. Where they are required, a
 * client can ask for nothing that is not among them, over any transport.
 *
 *   documentId: "<id>"  or  extensions: { persistedQuery: { sha256Hash: "<id>" } }
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'graphql-yoga';
import { ChatError } from '#domain/errors.js';

/** What comes with an operation and may name its document. From outside: of any shape. */
export interface OperationParams {
  query?: unknown;
  documentId?: unknown;
  extensions?: unknown;
}

export class TrustedDocuments {
  constructor(
    private readonly documents: ReadonlyMap<string, string>,
    /** Whether a document that comes as text is refused. */
    private readonly required: boolean,
  ) {}

  /**
   * The document that is asked for: that of the id, else the text that was given, undefined for neither.
   * Throws BAD_USER_INPUT for an id that is not known, FORBIDDEN for a text where documents are required.
   */
  documentOf(params: OperationParams): unknown {
    const id = documentIdOf(params);
    const known = typeof id === 'string' ? this.documents.get(id) : undefined;
    if (known !== undefined) return known;
    if (this.required) {
      if (id !== undefined) throw unknownId();
      throw new ChatError(
        'FORBIDDEN',
        'This server runs the documents it knows: send the documentId of one.',
      );
    }
    if (id !== undefined && !params.query) throw unknownId();
    return params.query;
  }
}

/** Whether an operation says by an id which document it is. */
export function namesDocument(params: OperationParams): boolean {
  return documentIdOf(params) !== undefined;
}

/** Yoga's part: the document that an operation names takes the place of its text. */
export function useTrustedDocuments(documents: TrustedDocuments): Plugin {
  return {
    onParams: ({ request, params, setParams }) => {
      // Of any shape: Yoga looks at it after this.
      if (typeof params !== 'object' || params === null || Array.isArray(params)) return;
      const inUrl = request.method === 'GET' ? new URL(request.url).searchParams.get('documentId') : null;
      const named: OperationParams = inUrl === null ? params : { ...params, documentId: inUrl };
      const query = documents.documentOf(named);
      if (query !== params.query) setParams({ ...params, query: query as string });
    },
  };
}

/**
 * Reads the manifest that graphql-codegen's `persistedDocuments` writes: an object of ids and texts. Throws an
 * error that names its variable.
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
    throw new Error('it is not an object of ids and documents');
  }
  const entries = Object.entries(manifest);
  for (const [id, document] of entries) {
    if (typeof document !== 'string') throw new Error(`its entry ${JSON.stringify(id)} is not a text`);
  }
  return new Map(entries as [string, string][]);
}

function documentIdOf({ documentId, extensions }: OperationParams): unknown {
  if (documentId != null) return documentId;
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } | null };
  return persistedQuery?.sha256Hash ?? undefined;
}

function unknownId(): ChatError {
  return new ChatError('BAD_USER_INPUT', 'documentId: no document of this id is known', {
    field: 'documentId',
  });
}
