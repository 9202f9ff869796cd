import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import {
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  print,
} from 'graphql';
import type { Client as SseClient } from 'graphql-sse';
import type { Client as WebSocketClient } from 'graphql-ws';
import type { ChatClient, Observer } from './chat-client.js';

/** A client for graphql-ws or graphql-sse, which have the same interface. */
export function protocolClient(client: WebSocketClient | SseClient): ChatClient {
  async function once<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    for await (const result of client.iterate<Data>({ query: print(document), variables })) {
      return dataOf(result);
    }
    throw new Error('The operation completed without a result.');
  }
  return {
    query: once,
    mutate: once,
    subscribe<Data, Variables extends Record<string, unknown>>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
      observer: Observer<Data>,
    ) {
      const sink = {
        next: (result: Result<Data>) => {
          if (result.errors === undefined) observer.next(dataOf(result));
          else observer.error(errorOf(result.errors));
        },
        error: observer.error,
        complete: () => observer.complete?.(),
      };
      const stop = client.subscribe<Data>({ query: print(document), variables }, sink);
      return { stop };
    },
    close: async () => void (await client.dispose()),
  };
}

type Result<Data> = ExecutionResult<Data, unknown> | FormattedExecutionResult<Data, unknown>;

function dataOf<Data>({ data, errors }: Result<Data>): Data {
  if (errors !== undefined) throw errorOf(errors);
  return data as Data;
}

function errorOf([first]: readonly GraphQLFormattedError[]): GraphQLError {
  return new GraphQLError(first?.message ?? 'No error in the errors.', { extensions: first?.extensions });
}
