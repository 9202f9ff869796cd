/** Clients on real sockets, and a fast sender that writes directly to the store. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { GraphQLFormattedError } from 'graphql';
import { WebSocket } from 'ws';
import { connectRedis } from '#redis/client/connections.js';
import { oneServer } from '#redis/client/one-server.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import type { TestServer } from '#test/support/server.js';

/** Server settings that let one socket open any number of subscriptions and stay silent. */
export const WITHOUT_LIMITS = {
  HEARTBEAT_MS: 600_000,
  OPERATIONS_PER_CONNECTION: 0,
  SELECTIONS_PER_CONNECTION: 0,
  SELECTIONS_PER_ADDRESS: 0,
  SELECTIONS_PER_ROOM: 0,
  RATE_OPERATIONS_PER_CONNECTION: 0,
  RATE_COST_PER_ADDRESS: 0,
  RATE_CONNECTIONS_PER_ADDRESS: 0,
  RATE_SENDS_PER_USER: 0,
  RATE_SENDS_PER_ADDRESS: 0,
};

/** A subscription on its own socket. Checks that the numbered messages arrive in order and without gaps. */
export class SocketClient {
  received = 0;
  /** The numbers of the first and the last message received. */
  first: number | undefined;
  last: number | undefined;
  /** Messages that arrived out of order. */
  readonly disorder: string[] = [];
  errors: readonly GraphQLFormattedError[] = [];
  isComplete = false;

  private constructor(readonly socket: WebSocket) {}

  /** Subscribes to a room whose messages start with their number. Resolves when the subscription is live. */
  static async join(server: TestServer, roomId: string): Promise<SocketClient> {
    const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws');
    const client = new SocketClient(socket);
    await once(socket, 'open');
    const query = `subscription { messageAdded(roomId: "${roomId}") { id content } }`;
    const live = new Promise<void>((resolve) => {
      socket.on('message', (data) => client.#receive(JSON.parse(String(data)), resolve));
    });
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
    // The server answers this after the subscription above is live.
    socket.send('{"id":"live","type":"subscribe","payload":{"query":"mutation { __typename }"}}');
    await live;
    return client;
  }

  /** Stops reading from the socket, so that the buffers at both ends fill up. */
  stall(): void {
    this.#tcp.pause();
  }

  /** Reads again after `stall()`. */
  resume(): void {
    this.#tcp.resume();
  }

  close(): void {
    this.socket.terminate();
  }

  get #tcp(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket;
  }

  #receive(message: Message, onLive: () => void): void {
    if (message.id === 'live' && message.type === 'complete') onLive();
    if (message.id !== '1') return;
    if (message.type === 'complete') this.isComplete = true;
    else if (message.payload?.errors) this.errors = message.payload.errors;
    else this.#count(Number.parseInt(message.payload!.data!.messageAdded.content, 10));
  }

  #count(number: number): void {
    if (this.last !== undefined && number !== this.last + 1)
      this.disorder.push(`${number} after ${this.last}`);
    this.first ??= number;
    this.last = number;
    this.received += 1;
  }
}

interface Message {
  id?: string;
  type: string;
  payload?: { errors?: GraphQLFormattedError[]; data?: { messageAdded: { content: string } } };
}

/** Connects a sender of numbered messages. */
export async function connectSender(redisUrl: string, historyLimit: number) {
  const redis = connectRedis({ url: redisUrl, commandTimeoutMs: 10_000 });
  await redis.ready(10_000);
  const eventLog = createEventLog({ servers: oneServer(redis), historyLimit, ttlSeconds: 3_600 });
  const author = { id: 'guest:Ann', name: 'Ann' };
  // Redis knows the script from now on. If it learned of it during a batch, some messages would overtake others.
  await eventLog.append({ roomId: 'of the sender', author, content: 'first' });
  let sent = 0;
  return {
    eventLog,
    close: () => redis.close(),
    /** Sends `count` messages of about `bytes` bytes each. */
    async send(roomId: string, count: number, bytes = 20): Promise<void> {
      for (let left = count; left > 0; ) {
        const batch = Math.min(left, 500);
        left -= batch;
        await Promise.all(
          Array.from({ length: batch }, () => {
            const content = `${sent} `.padEnd(bytes, 'x');
            sent += 1;
            return eventLog.append({ roomId, author, content });
          }),
        );
      }
    },
  };
}
