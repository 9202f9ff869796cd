// A bot without a framework. It answers every "!ping", even those sent while it was disconnected.
//   npx tsx examples/bot/main.ts [endpoint] [room]
import { createClient } from 'graphql-ws';
import { followRoom, resumingClient, send } from 'streamly-chat-client';
import { WebSocket } from 'ws';

const [endpoint = 'http://localhost:4000/graphql', roomId = 'lobby'] = process.argv.slice(2);

const client = resumingClient(
  createClient({
    url: endpoint.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    keepAlive: 10_000,
  }),
);
process.once('SIGINT', () => client.dispose());

await send(client, { roomId, author: 'Bot', content: 'Say !ping' });
for await (const { author, content } of followRoom(client, { roomId, last: 10 })) {
  console.log(`${author.name}: ${content}`);
  if (content === '!ping') await send(client, { roomId, author: 'Bot', content: `pong, ${author.name}` });
}
