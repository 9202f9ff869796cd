import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, type OperationVariables } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { OperationTypeNode } from 'graphql';
import type { ClientLibrary, Observer } from './chat-client.js';
import { webSocketClient } from './graphql-ws.js';

/** Apollo Client: queries and mutations over HTTP, subscriptions over WebSocket, with its cache. */
export const apollo: ClientLibrary = {
  name: 'Apollo Client',
  connect(server) {
    const socket = webSocketClient(server);
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        new HttpLink({ uri: server.url }),
      ),
    });
    return {
      async query<Data, Variables extends OperationVariables>(
        query: TypedDocumentNode<Data, Variables>,
        variables: Variables,
      ) {
        const options = { query, variables, fetchPolicy: 'network-only' };
        const { data } = await client.query(options as ApolloClient.QueryOptions<Data, Variables>);
        return data as Data;
      },
      async mutate<Data, Variables extends OperationVariables>(
        mutation: TypedDocumentNode<Data, Variables>,
        variables: Variables,
      ) {
        const options = { mutation, variables };
        const { data } = await client.mutate(options as ApolloClient.MutateOptions<Data, Variables>);
        return data as Data;
      },
      subscribe<Data, Variables extends OperationVariables>(
        query: TypedDocumentNode<Data, Variables>,
        variables: Variables,
        observer: Observer<Data>,
      ) {
        const options = { query, variables } as ApolloClient.SubscribeOptions<Data, Variables>;
        const subscription = client.subscribe(options).subscribe({
          next: ({ data, error }) => {
            if (error) observer.error(error);
            else observer.next(data as Data);
          },
          error: observer.error,
          complete: () => observer.complete?.(),
        });
        return { stop: () => subscription.unsubscribe() };
      },
      async close() {
        client.stop();
        await socket.dispose();
      },
    };
  },
};
