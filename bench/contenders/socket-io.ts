import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { readEnvironment } from './environment.js';
import { channelOf } from './schema.js';
import { sendEndpoint } from './send-endpoint.js';

const { host, port, redisUrl } = readEnvironment(process.env);
const pubClient = new Redis(redisUrl);
const subClient = pubClient.duplicate();

const io = new Server({ adapter: createAdapter(pubClient, subClient) });
const server = createServer(
  sendEndpoint((message) => io.to(channelOf(message.roomId)).emit('message', message)),
);
io.attach(server);
io.on('connection', (socket) => socket.join(channelOf(socket.handshake.auth.roomId)));
server.listen(port, host);
