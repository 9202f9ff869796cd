import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { DocumentNode } from 'graphql';
import {
  commitMutation,
  Environment,
  fetchQuery,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime';
import type { TestServer } from '#test/support/server.js';
import type { ClientLibrary, Observer } from './chat-client.js';
import { webSocketClient } from './graphql-ws.js';
import { relayRequest } from './relay-request.js';

/** Relay: queries and mutations by fetch, subscriptions over WebSocket, with its store. */
export const relay: ClientLibrary = {
  name: 'Relay',
  connect(server) {
    const socket = webSocketClient(server);
    const environment = new Environment({
      store: new Store(new RecordSource()),
      network: Network.create(
        ({ text }, variables) => fetchJson(server, { query: text, variables }),
        ({ text }, variables) =>
          Observable.create<GraphQLResponse>((sink) =>
            socket.subscribe({ query: text!, variables }, sink as never),
          ),
      ),
    });
    const compiled = new Map<DocumentNode, ReturnType<typeof relayRequest>>();
    const requestOf = (document: DocumentNode) => {
      const request = compiled.get(document) ?? relayRequest(document);
      compiled.set(document, request);
      return request;
    };
    return {
      async query<Data, Variables extends Record<string, unknown>>(
        document: TypedDocumentNode<Data, Variables>,
        variables: Variables,
      ) {
        const fetched = fetchQuery<Operation<Data, Variables>>(environment, requestOf(document), variables);
        return (await fetched.toPromise()) as Data;
      },
      mutate<Data, Variables extends Record<string, unknown>>(
        document: TypedDocumentNode<Data, Variables>,
        variables: Variables,
      ) {
        return new Promise<Data>((resolve, reject) => {
          commitMutation<Operation<Data, Variables>>(environment, {
            mutation: requestOf(document),
            variables,
            onCompleted: (response, errors) => (errors ? reject(errors[0]) : resolve(response)),
            onError: reject,
          });
        });
      },
      subscribe<Data, Variables extends Record<string, unknown>>(
        document: TypedDocumentNode<Data, Variables>,
        variables: Variables,
        observer: Observer<Data>,
      ) {
        const subscription = requestSubscription<Operation<Data, Variables>>(environment, {
          subscription: requestOf(document),
          variables,
          onNext: (response) => observer.next(response as Data),
          onError: observer.error,
          onCompleted: () => observer.complete?.(),
        });
        return { stop: () => subscription.dispose() };
      },
      close: async () => void (await socket.dispose()),
    };
  },
};

/** The types of an operation, as Relay expects them. */
interface Operation<Data, Variables> {
  readonly variables: Variables;
  readonly response: Data & Record<string, unknown>;
}

async function fetchJson(server: TestServer, body: object): Promise<GraphQLResponse> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json() as Promise<GraphQLResponse>;
}
