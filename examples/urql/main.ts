// Follows a room with urql: the newest ten messages, then live, resuming after every interruption.
//   npx tsx examples/urql/main.ts [endpoint] [room]
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import {
  EMPTY_ROOM,
  type Gap,
  type RoomEvent,
  type RoomState,
  reduceRoom,
  resumingClient,
  sendOnce,
} from 'streamly-chat-client';
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
      // What was shown before may have been retracted in the gap.
      if (event.type === 'gap') room = EMPTY_ROOM;
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

const LIVE = gql<{ roomEvents: Exclude<RoomEvent, Gap> }>`
  subscription ($roomId: ID!, $after: ID, $last: Int) {
    roomEvents(roomId: $roomId, after: $after, last: $last) {
      __typename cursor at roomId
      ... on MessageSent { message { id roomId author { id name } content createdAt } }
      ... on MessagesRetracted { messageIds author }
    }
  }
`;
const SEND = gql`mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }`;

// The visible messages of the room, without those that were retracted.
let room: RoomState = EMPTY_ROOM;
client.subscription(LIVE, { roomId, last: 10 }).subscribe(({ data, error }) => {
  if (error) console.error(error.message);
  if (!data) return;
  const event = data.roomEvents;
  room = reduceRoom(room, event);
  if (event.__typename === 'MessageSent') {
    console.log(`${event.message.author.name}: ${event.message.content}`);
  } else {
    console.log(`${room.messages.length} messages are left`);
  }
});

await sendOnce(async (nonce) => {
  const input = { roomId, author: 'Urql', content: 'Hello from urql', nonce };
  const { error } = await client.mutation(SEND, { input });
  if (error) throw error;
});
