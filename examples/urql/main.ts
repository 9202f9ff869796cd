// Follows a room with urql: the newest ten messages, then live, resuming after every interruption.
//   npx tsx examples/urql/main.ts [endpoint] [room]
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import { resumingClient, sendOnce } from 'streamly-chat-client';
import { WebSocket } from 'ws';

const [endpoint = 'http://localhost:4000/graphql', roomId = 'lobby'] = process.argv.slice(2);

const socket = resumingClient(
  createClient({
    url: endpoint.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    keepAlive: 10_000,
  }),
  {
    onEvent: (event) => {
      if (event.type === 'live') console.log(event.missed > 0 ? `live (${event.missed} caught up)` : 'live');
      if (event.type === 'reconnecting') console.log('reconnecting');
    },
  },
);
const client = new Client({
  url: endpoint,
  preferGetMethod: false,
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe({ query, variables: { ...variables } }, sink),
        }),
      }),
    }),
  ],
});

const LIVE = gql<{ messageAdded: { id: string; author: { name: string }; content: string } }>`
  subscription ($roomId: ID!, $after: ID, $last: Int) {
    messageAdded(roomId: $roomId, after: $after, last: $last) { id author { name } content }
  }
`;
const SEND = gql`mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }`;

client.subscription(LIVE, { roomId, last: 10 }).subscribe(({ data, error }) => {
  if (data) console.log(`${data.messageAdded.author.name}: ${data.messageAdded.content}`);
  if (error) console.error(error.message);
});

await sendOnce(async (nonce) => {
  const input = { roomId, author: 'Urql', content: 'Hello from urql', nonce };
  const { error } = await client.mutation(SEND, { input });
  if (error) throw error;
});
