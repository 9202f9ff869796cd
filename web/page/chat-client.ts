import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, ServerError } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { type ResumeEvent, resumingClient } from 'streamly-chat-client';
import { ConnectionProbe } from './connection-probe.js';
import { SendMessage } from './documents.js';
import { Outboxes } from './room/outboxes.js';
import { ENDPOINT } from './settings.js';

/** What the page needs of the server: Apollo Client over a resuming connection, and the unsent messages. */
export interface ChatClient {
  apollo: ApolloClient;
  /** The messages that are not sent yet, by room. */
  outboxes: Outboxes;
  /** Knows why the connection does not open. */
  probe: ConnectionProbe;
  /** Reports the events of the subscription to a room. Returns a function that stops reporting. */
  onRoomEvent(roomId: string, listener: (event: ResumeEvent) => void): () => void;
}

/** The interval between two pings, in milliseconds. */
const KEEP_ALIVE_MS = 10_000;

/** How long a connection may take to open, in milliseconds. Browsers would wait for minutes. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Creates the client for this page's own server. It lives as long as the page. */
export function createChatClient(): ChatClient {
  const listeners = new Set<(event: ResumeEvent) => void>();
  const probe = new ConnectionProbe(ENDPOINT);
  const socket = resumingClient(
    createClient({ url: ENDPOINT.replace(/^http/, 'ws'), retryAttempts: 0, keepAlive: KEEP_ALIVE_MS }),
    {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onEvent: (event) => {
        probe.heard(event);
        for (const listener of listeners) listener(event);
      },
    },
  );
  // The browser notices at once what an unanswered ping would show seconds later.
  addEventListener('offline', () => socket.terminate());

  const apollo = new ApolloClient({
    cache: new InMemoryCache({
      typePolicies: {
        // Store these messages inside their room. On their own they would stay in the cache forever.
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
    const { data } = await apollo
      .mutate({
        mutation: SendMessage,
        variables: { input },
        fetchPolicy: 'no-cache',
        context: { fetchOptions: { signal } },
      })
      .catch((error: unknown): never => {
        throw withServerErrors(error);
      });
    if (!data) throw new Error('The server gave no answer.');
    return data.sendMessage;
  });

  return {
    apollo,
    outboxes,
    probe,
    onRoomEvent: (roomId, listener) => {
      const listenToRoom = (event: ResumeEvent) => {
        if (event.roomId === roomId) listener(event);
      };
      listeners.add(listenToRoom);
      return () => listeners.delete(listenToRoom);
    },
  };
}

/**
 * Apollo Client does not read the errors of an answer with an HTTP status such as 403 unless it has the media
 * type of GraphQL. Without their codes, a send that is refused for good would be repeated for minutes.
 */
function withServerErrors(error: unknown): unknown {
  if (!ServerError.is(error)) return error;
  try {
    const { errors } = JSON.parse(error.bodyText) as { errors?: readonly { message: string }[] };
    if (!Array.isArray(errors) || errors.length === 0) return error;
    return Object.assign(new Error(errors[0].message, { cause: error }), { errors });
  } catch {
    // Not JSON: a proxy's page, for example.
    return error;
  }
}
