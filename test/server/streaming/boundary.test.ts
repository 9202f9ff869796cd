/**
 * The boundary of a retraction is `socket.write`: what a node has not handed to a socket when it sees the retraction, it
 * leaves out, whatever the transport. What the socket has been handed may still arrive.
 */
import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectRedis, type RedisConnections } from '#redis/client/connections.js';
import { oneServer } from '#redis/client/one-server.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { webSocket } from '#test/support/clients/transports.js';
import { RoomEvents } from '#test/support/documents.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { RawWebSocket } from '#test/support/raw-web-socket.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ HEARTBEAT_MS: 600_000 });
const QUERY = `subscription ($roomId: ID!) {
  roomEvents(roomId: $roomId) { __typename ... on MessageSent { message { content } } }
}`;
const MARK = 'retracted-later';
const MESSAGES = 800;
const MESSAGE_BYTES = 30_000;

/** A client that subscribes and then stops reading. `received` grows once it resumes. */
interface Stalled {
  readonly received: string;
  resume(): void;
  close(): void;
}

async function overHttp(roomId: string, accept: string): Promise<Stalled> {
  const tcp = await RawTcp.open(used.server);
  const body = JSON.stringify({ query: QUERY, variables: { roomId } });
  await tcp.write(
    `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: ${accept}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => tcp.received.includes('200 OK'), { what: 'the head of the response' });
  tcp.socket.pause();
  return {
    get received() {
      return tcp.received;
    },
    resume: () => tcp.socket.resume(),
    close: () => tcp.end(),
  };
}

async function overWebSocket(roomId: string): Promise<Stalled> {
  let received = '';
  const socket = new RawWebSocket(used.server, {
    opened: () => socket.send({ type: 'connection_init' }),
    text: (payload) => {
      received += payload.toString();
      if (payload.includes('connection_ack')) {
        socket.send({ id: '1', type: 'subscribe', payload: { query: QUERY, variables: { roomId } } });
        socket.send({ type: 'ping' });
      }
      if (payload.includes('pong')) socket.pause();
    },
    closed: () => undefined,
  });
  await until(() => received.includes('pong'), { what: 'the subscription' });
  return {
    get received() {
      return received;
    },
    resume: () => socket.resume(),
    close: () => socket.drop(),
  };
}

describe('a client that stops reading', () => {
  let redis: RedisConnections;
  beforeAll(async () => {
    redis = connectRedis({ url: used.redis.testerUrl });
    await redis.ready(10_000);
  });
  afterAll(() => redis.close());

  test.each<[string, (roomId: string) => Promise<Stalled>]>([
    ['a WebSocket', overWebSocket],
    ['an event stream', (roomId) => overHttp(roomId, 'text/event-stream')],
    ['a multipart response', (roomId) => overHttp(roomId, 'multipart/mixed;subscriptionSpec=1.0')],
  ])(
    'gets nothing over %s that was retracted before it was handed to the socket',
    { timeout: 120_000 },
    async (name, open) => {
      const roomId = name.replaceAll(' ', '-');
      const log = createEventLog({ servers: oneServer(redis), historyLimit: 10_000, ttlSeconds: 3_600 });
      const neighbor = await webSocket.follow(used.server, RoomEvents, { roomId });
      const stalled = await open(roomId);
      const author = { id: 'guest:Ann', name: 'Ann' };
      const ids: string[] = [];
      for (let count = 0; count < MESSAGES; count += 1) {
        const content = `${MARK} ${'x'.repeat(MESSAGE_BYTES)}`;
        ids.push((await log.append({ roomId, author, content })).id);
        await neighbor.next();
      }
      for (let from = 0; from < MESSAGES; from += 50) {
        await log.retract(roomId, ids.slice(from, from + 50), {});
        await neighbor.next();
      }
      // The node has seen the retractions, since the neighbor has received them.
      const written = countWrites(MARK);
      try {
        stalled.resume();
        await log.append({ roomId, author, content: 'the end' });
        await until(() => stalled.received.includes('the end'), { what: 'the end', timeout: 60_000 });
      } finally {
        written.stop();
      }
      expect(written.count).toBe(0);
      expect(stalled.received.split('MessagesRetracted').length - 1).toBe(MESSAGES / 50);
      // It was stalled: most messages had not been handed to its socket.
      expect(stalled.received.split(MARK).length - 1).toBeLessThan(MESSAGES / 2);
      neighbor.leave();
      stalled.close();
    },
  );
});

/** Counts the writes to any socket of this process that contain a text. */
function countWrites(text: string) {
  const { write } = Socket.prototype;
  const counter = {
    count: 0,
    stop: () => {
      Socket.prototype.write = write;
    },
  };
  Socket.prototype.write = function (this: Socket, chunk: Uint8Array | string, ...rest: never[]) {
    if (Buffer.from(chunk as string).includes(text)) counter.count += 1;
    return write.call(this, chunk, ...rest);
  } as typeof write;
  return counter;
}
