import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { type ResumeEvent, resumingClient } from 'streamly-chat-client';
import { SendMessage } from './documents.js';
import { Outboxes } from './room/outboxes.js';
import { ENDPOINT } from './settings.js';

/** Apollo Client over a connection that resumes, and what happens to its subscriptions. */
export interface ChatClient {
  apollo: ApolloClient;
  /** What one has said, in whatever room, and is not sent yet. */
  outboxes: Outboxes;
  /** Tells what happens to the subscription to a room, until the returned function is called. */
  onRoomEvent(roomId: string, listener: (event: ResumeEvent) => void): () => void;
}

/** How often a connection is proved to be alive, in milliseconds. */
const KEEP_ALIVE_MS = 10_000;

/** How long a connection may take to open, in milliseconds: a browser would wait for minutes. */
const CONNECT_TIMEOUT_MS = 10_000;

export function createChatClient(): ChatClient {
  const listeners = new Set<(event: ResumeEvent) => void>();
  const socket = resumingClient(
    createClient({ url: ENDPOINT.replace(/^http/, 'ws'), retryAttempts: 0, keepAlive: KEEP_ALIVE_MS }),
    {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
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

  const outboxes = new Outboxes(async (input, signal) => {
    const { data } = await apollo.mutate({
      mutation: SendMessage,
      variables: { input },
      fetchPolicy: 'no-cache',
      context: { fetchOptions: { signal } },
    });
    if (!data) throw new Error('The server gave no answer.');
    return data.sendMessage;
  });

  return {
    apollo,
    outboxes,
    onRoomEvent: (roomId, listener) => {
      const listenToRoom = (event: ResumeEvent) => {
        if (event.roomId === roomId) listener(event);
      };
      listeners.add(listenToRoom);
      return () => listeners.delete(listenToRoom);
    },
  };
}
