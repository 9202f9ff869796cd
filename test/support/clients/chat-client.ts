import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { TestServer } from '#test/support/server.js';

/** What an application does with a GraphQL client, independent of the library. */
export interface ChatClient {
  query<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>;
  mutate<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>;
  /** Subscribes until `stop` is called. */
  subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    observer: Observer<Data>,
  ): { stop(): void };
  /** Closes all connections. */
  close(): Promise<void>;
}

export interface Observer<Data> {
  next(data: Data): void;
  /** Called with the error that the library reports when the server refuses. */
  error(error: unknown): void;
  complete?(): void;
}

/** A client library, set up as its documentation describes. */
export interface ClientLibrary {
  name: string;
  connect(server: TestServer): ChatClient;
}
