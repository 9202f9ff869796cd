import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { type ResumeEvent, resumingClient } from '../client/index.js';
import { ENDPOINT } from './settings.js';

/** Apollo Client over a connection that resumes, and what happens to its subscriptions. */
export interface ChatClient {
  apollo: ApolloClient;
  /** Tells what happens to the subscription to a room, until the returned function is called. */
  onRoomEvent(roomId: string, listener: (event: ResumeEvent) => void): () => void;
}

/** How often a connection is proved to be alive, in milliseconds. */
const KEEP_ALIVE_MS = 10_000;

export function createChatClient(): ChatClient {
  const listeners = new Set<(event: ResumeEvent) => void>();
  const socket = resumingClient(
    createClient({ url: ENDPOINT.replace(/^http/, 'ws'), retryAttempts: 0, keepAlive: KEEP_ALIVE_MS }),
    {
      onEvent: (event) => {
        for (const listener of listeners) listener(event);
      },
    },
  );
  // The browser knows at once what pings would show some seconds later.
  addEventListener('offline', () => socket.terminate());

  const apollo = new ApolloClient({
    cache: new InMemoryCache({
      typePolicies: {
        // Nothing else points to these messages: each goes when the next one comes, and the cache stays small.
        Room: { fields: { lastMessage: { merge: (_known, incoming) => incoming } } },
        Message: { keyFields: false },
        User: { keyFields: false },
      },
    }),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: ENDPOINT }),
    ),
  });

  return {
    apollo,
    onRoomEvent: (roomId, listener) => {
      const listenToRoom = (event: ResumeEvent) => {
        if (event.roomId === roomId) listener(event);
      };
      listeners.add(listenToRoom);
      return () => listeners.delete(listenToRoom);
    },
  };
}
