import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import { type ResumeEvent, type ResumingOptions, resumingClient } from 'streamly-chat-client';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { RedisServer } from '#test/support/redis-server.js';
import type { TestServer } from '#test/support/server.js';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';

export const FOLLOW = `subscription ($roomId: ID!, $after: ID, $last: Int) {
  messageAdded(roomId: $roomId, after: $after, last: $last) { id content }
}`;

export interface Received {
  id: string;
  content: string;
}

/** Short waits, for tests. */
export const QUICK: ResumingOptions = { retryBaseMs: 20, retryCapMs: 100 };

/** Runs a cleanup when the current test ends. The last one to be registered runs first. */
export function onTestEnd(cleanup: () => unknown): void {
  // A hook at the top of this module would be registered only in the first test file that loads it.
  onTestFinished(async () => {
    await cleanup();
  });
}

/** Starts a proxy in front of a server, which can break connections. It is closed when the test ends. */
export async function startProxy({ url }: TestServer): Promise<TcpProxy> {
  const port = Number(new URL(url).port);
  const proxy = await TcpProxy.start(() => port);
  onTestEnd(() => proxy.close());
  return proxy;
}

/** A graphql-ws client that connects through a proxy. */
export function plainClient(proxy: TcpProxy, options: Partial<ClientOptions> = {}): Client {
  return createClient({
    url: `ws://127.0.0.1:${proxy.port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
    ...options,
  });
}

/** Makes a client resuming and records its events. It is disposed of when the test ends. */
export function resumingOver(client: Client, options: ResumingOptions = {}) {
  const events: ResumeEvent[] = [];
  const resuming = resumingClient(client, {
    ...QUICK,
    ...options,
    onEvent: (event) => events.push(event),
  });
  onTestEnd(() => resuming.dispose());
  return { client: resuming, events };
}

/** A subscription that records what its sink receives. */
export class Recorder {
  readonly received: Received[] = [];
  error: unknown;
  completed = 0;
  readonly unsubscribe: () => void;

  constructor(client: Client, variables: Record<string, unknown>, query = FOLLOW) {
    this.unsubscribe = client.subscribe<{ messageAdded: Received }>(
      { query, variables },
      {
        next: ({ data }) => this.received.push(data!.messageAdded),
        error: (error) => {
          this.error = error;
        },
        complete: () => {
          this.completed += 1;
        },
      },
    );
  }

  get contents(): string[] {
    return this.received.map(({ content }) => content);
  }
}

const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }`;

/** Sends messages one after the other, without the proxy. Calls `between` after each. Returns their ids. */
export async function sendAll(
  server: TestServer,
  roomId: string,
  contents: readonly string[],
  between: () => unknown = () => undefined,
): Promise<string[]> {
  const client = createClient({ url: server.wsUrl, webSocketImpl: WebSocket, lazyCloseTimeout: 1_000 });
  const ids: string[] = [];
  try {
    for (const content of contents) {
      const variables = { input: { roomId, content } };
      for await (const { data } of client.iterate<{ sendMessage: { id: string } }>({
        query: SEND,
        variables,
      })) {
        ids.push(data!.sendMessage.id);
      }
      await between();
    }
    return ids;
  } finally {
    await client.dispose();
  }
}

/** Returns `prefix 1`, `prefix 2`, and so on. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`);
}

/** The messages in a room's list in Redis, oldest first. */
export async function stored(redis: RedisServer, roomId: string): Promise<Received[]> {
  const list = await redis.cli('LRANGE', `messages:${roomId}`, '0', '-1');
  const messages = list.split('\n').filter((line) => line !== '');
  return messages.map((line) => JSON.parse(line)).reverse();
}

/** Waits until an event of a type has been emitted a number of times. */
export function waitForEvent(
  events: readonly ResumeEvent[],
  type: ResumeEvent['type'],
  times = 1,
): Promise<unknown> {
  return until(() => events.filter((event) => event.type === type).length >= times, {
    what: `${times} × ${type}`,
  });
}

let rooms = 0;

/** Returns the id of a room that no other test uses. */
export function newRoom(): string {
  rooms += 1;
  return `room${rooms}`;
}
