// Keeps a room in Apollo Client's cache: pages of history and live messages in one list.
//   npx tsx examples/apollo/main.ts [endpoint] [room]
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
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

// Subscribe from the end of the page, so that no message is lost between the two.
const after = data?.messages.pageInfo.endCursor ?? '0';
client.subscribe({ query: Live, variables: { roomId, after }, fetchPolicy: 'no-cache' }).subscribe({
  next: ({ data }) => {
    const node = data?.messageAdded;
    if (node === undefined) return;
    console.log(`${node.author.name}: ${node.content}`);
    room.updateQuery((_, { previousData, complete }) => {
      if (!complete) return undefined;
      const { messages } = previousData;
      const edge = { __typename: 'MessageEdge' as const, cursor: node.id, node };
      const pageInfo = { ...messages.pageInfo, endCursor: node.id };
      return { ...previousData, messages: { ...messages, edges: [...messages.edges, edge], pageInfo } };
    });
  },
  error: (error) => console.error(error.message),
});

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
