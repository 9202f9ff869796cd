import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { TestServer } from '#test/support/server.js';

/** What an application does with a GraphQL client, in the words of none of them. */
export interface ChatClient {
  query<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>;
  mutate<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>;
  /** Follows until `stop` is called. */
  subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    observer: Observer<Data>,
  ): { stop(): void };
  /** Gives up its connections. */
  close(): Promise<void>;
}

export interface Observer<Data> {
  next(data: Data): void;
  /** What the library makes of a refusal. */
  error(error: unknown): void;
  complete?(): void;
}

/** A library, set up as its own documentation says. */
export interface ClientLibrary {
  name: string;
  connect(server: TestServer): ChatClient;
}
