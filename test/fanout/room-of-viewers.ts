/** Viewers on real sockets, and a sender who goes to the store directly, to be quick. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { GraphQLFormattedError } from 'graphql';
import { WebSocket } from 'ws';
import { connectRedis } from '#redis/client/connections.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import type { TestServer } from '#test/support/server.js';

/** Variables of a server on which one socket may do what a thousand do elsewhere, and may keep silent. */
export const WITHOUT_LIMITS = {
  HEARTBEAT_MS: 600_000,
  OPERATIONS_PER_CONNECTION: 0,
  SELECTIONS_PER_CONNECTION: 0,
  SELECTIONS_PER_ADDRESS: 0,
  SELECTIONS_PER_ROOM: 0,
  RATE_OPERATIONS_PER_CONNECTION: 0,
  RATE_CONNECTIONS_PER_ADDRESS: 0,
  RATE_SENDS_PER_USER: 0,
  RATE_SENDS_PER_ADDRESS: 0,
};

/** A viewer on a socket of its own, which sees that each message follows on the one before it. */
export class SocketViewer {
  received = 0;
  /** Number of the first message, and of the last. */
  first: number | undefined;
  last: number | undefined;
  /** What was out of order. */
  readonly disorder: string[] = [];
  errors: readonly GraphQLFormattedError[] = [];
  isComplete = false;

  private constructor(readonly socket: WebSocket) {}

  /** Follows a room whose messages begin with their number; resolves once that is live. */
  static async join(server: TestServer, roomId: string): Promise<SocketViewer> {
    const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws');
    const viewer = new SocketViewer(socket);
    await once(socket, 'open');
    const query = `subscription { messageAdded(roomId: "${roomId}") { id content } }`;
    const live = new Promise<void>((resolve) => {
      socket.on('message', (data) => viewer.#take(JSON.parse(String(data)), resolve));
    });
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
    // Answered once the subscription before it is live.
    socket.send('{"id":"live","type":"subscribe","payload":{"query":"mutation { __typename }"}}');
    await live;
    return viewer;
  }

  /** Reads nothing from the connection: what is on its way fills the buffers of both ends. */
  stall(): void {
    this.#tcp.pause();
  }

  goOn(): void {
    this.#tcp.resume();
  }

  close(): void {
    this.socket.terminate();
  }

  get #tcp(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket;
  }

  #take(message: Message, isLive: () => void): void {
    if (message.id === 'live' && message.type === 'complete') isLive();
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

/** Sends numbered messages, many at once. */
export async function connectSender(redisUrl: string, historyLimit: number) {
  const redis = connectRedis({ url: redisUrl, commandTimeoutMs: 10_000 });
  await redis.ready(10_000);
  const eventLog = createEventLog({ commands: redis.commands, historyLimit, ttlSeconds: 3_600 });
  let sent = 0;
  return {
    eventLog,
    close: () => redis.close(),
    /** Sends so many, each of about so many bytes. */
    async send(roomId: string, count: number, bytes = 20): Promise<void> {
      const author = { id: 'guest:Ann', name: 'Ann' };
      for (let left = count; left > 0; ) {
        const together = Math.min(left, 500);
        left -= together;
        await Promise.all(
          Array.from({ length: together }, () => {
            const content = `${sent} `.padEnd(bytes, 'x');
            sent += 1;
            return eventLog.append({ roomId, author, content });
          }),
        );
      }
    },
  };
}
