// Keeps a room in Apollo Client's cache: pages of history and live messages in one list.
//   npx tsx examples/apollo/main.ts [endpoint] [room]
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import type { ResultOf } from '@graphql-typed-document-node/core';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { resumingClient, sendOnce } from 'streamly-chat-client';
import { WebSocket } from 'ws';
import { History, Live, Send } from './documents.js';

const [endpoint = 'http://localhost:4000/graphql', roomId = 'lobby'] = process.argv.slice(2);

const socket = resumingClient(
  createClient({
    url: endpoint.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    keepAlive: 10_000,
  }),
);
const client = new ApolloClient({
  cache: new InMemoryCache({
    typePolicies: {
      Query: { fields: { messages: relayStylePagination(['roomId']) } },
      // Message ids are unique only within a room.
      Message: { keyFields: ['roomId', 'id'] },
    },
  }),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: endpoint }),
  ),
});

// Watchers of this query see both pages and live messages.
const newest = { query: History, variables: { roomId, last: 20 } };
const { data } = await client.query(newest);
const room = client.watchQuery(newest);
room.subscribe(({ data, dataState }) => {
  if (dataState === 'complete') console.log(`${data.messages.edges.length} messages in the list`);
});

// Subscribe from the end of the page, so that nothing is lost between the two.
const after = data?.messages.pageInfo.endCursor ?? '0';
client.subscribe({ query: Live, variables: { roomId, after }, fetchPolicy: 'no-cache' }).subscribe({
  next: ({ data }) => {
    const event = data?.roomEvents;
    if (event?.__typename === 'MessageSent') show(event.message);
    if (event?.__typename === 'MessagesRetracted') remove(event);
  },
  error: (error) => console.error(error.message),
});

type Event = NonNullable<ResultOf<typeof Live>['roomEvents']>;

/** Adds a message to the end of the list. */
function show(node: Extract<Event, { __typename: 'MessageSent' }>['message']): void {
  console.log(`${node.author.name}: ${node.content}`);
  room.updateQuery((_, { previousData, complete }) => {
    if (!complete) return undefined;
    const { messages } = previousData;
    const edge = { __typename: 'MessageEdge' as const, cursor: node.id, node };
    const pageInfo = { ...messages.pageInfo, endCursor: node.id };
    return { ...previousData, messages: { ...messages, edges: [...messages.edges, edge], pageInfo } };
  });
}

/** Removes messages from the cache. The list leaves out edges whose message is gone. */
function remove({ messageIds, author }: Extract<Event, { __typename: 'MessagesRetracted' }>): void {
  const { cache } = client;
  const shown = cache.readQuery(newest)?.messages.edges.map(({ node }) => node) ?? [];
  const ids = [...messageIds, ...shown.filter((node) => node.author.id === author).map(({ id }) => id)];
  for (const id of ids) cache.evict({ id: cache.identify({ __typename: 'Message', roomId, id })! });
  cache.gc();
  console.log(`${ids.length} messages were retracted`);
}

// Load one older page.
const { startCursor, hasPreviousPage } = data?.messages.pageInfo ?? {};
if (hasPreviousPage) await room.fetchMore({ variables: { last: 20, before: startCursor } });

// Send a message. sendOnce retries with the same nonce, so it is stored once.
await sendOnce((nonce) =>
  client.mutate({
    mutation: Send,
    variables: { input: { roomId, author: 'Apollo', content: 'Hello from Apollo Client', nonce } },
  }),
);
