import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { type WebSocket, WebSocketServer } from 'ws';
import { readEnvironment } from './environment.js';
import { channelOf } from './schema.js';
import { sendEndpoint } from './send-endpoint.js';

const { host, port, redisUrl } = readEnvironment(process.env);
const publisher = new Redis(redisUrl);
const subscriber = new Redis(redisUrl);
const rooms = new Map<string, Set<WebSocket>>();

// Forward each string from Redis unchanged to every socket in its room.
subscriber.on('message', (channel: string, message: string) => {
  for (const socket of rooms.get(channel) ?? []) socket.send(message);
});

const server = createServer(
  sendEndpoint((message) => publisher.publish(channelOf(message.roomId), JSON.stringify(message))),
);
new WebSocketServer({ server }).on('connection', async (socket, request) => {
  const channel = channelOf(new URL(request.url ?? '/', 'ws://localhost').searchParams.get('roomId') ?? '');
  const room = rooms.get(channel);
  if (room) {
    room.add(socket);
  } else {
    rooms.set(channel, new Set([socket]));
    await subscriber.subscribe(channel);
  }
  socket.on('error', console.error);
  socket.on('close', async () => {
    const members = rooms.get(channel);
    if (!members?.delete(socket) || members.size > 0) return;
    rooms.delete(channel);
    await subscriber.unsubscribe(channel);
  });
});
server.listen(port, host);
