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

/** Waits that suit a test. */
export const QUICK: ResumingOptions = { retryBaseMs: 20, retryCapMs: 100 };

/** Has something ended after the test, the last first. */
export function atEnd(cleanup: () => unknown): void {
  // Of the test, and not of this file: a hook up here would be that of the first file alone which loads it.
  onTestFinished(async () => {
    await cleanup();
  });
}

/** A network before a server, for one test. */
export async function networkTo({ url }: TestServer): Promise<TcpProxy> {
  const port = Number(new URL(url).port);
  const proxy = await TcpProxy.start(() => port);
  atEnd(() => proxy.close());
  return proxy;
}

/** graphql-ws' client, through that network. */
export function plainClient(proxy: TcpProxy, options: Partial<ClientOptions> = {}): Client {
  return createClient({
    url: `ws://127.0.0.1:${proxy.port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
    ...options,
  });
}

/** The same, made resuming; with what it told. */
export function resumingOver(client: Client, options: ResumingOptions = {}) {
  const events: ResumeEvent[] = [];
  const resuming = resumingClient(client, {
    ...QUICK,
    ...options,
    onEvent: (event) => events.push(event),
  });
  atEnd(() => resuming.dispose());
  return { client: resuming, events };
}

/** Someone who subscribes, and notes what the sink is told. */
export class Viewer {
  readonly received: Received[] = [];
  error: unknown;
  completed = 0;
  readonly leave: () => void;

  constructor(client: Client, variables: Record<string, unknown>, query = FOLLOW) {
    this.leave = client.subscribe<{ messageAdded: Received }>(
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

/** Sends messages one after the other, past the network under test; `between` is called after each. Gives their ids. */
export async function say(
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

/** `prefix 1`, `prefix 2`, and so on. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`);
}

/** What a room's list holds, oldest first. */
export async function stored(redis: RedisServer, roomId: string): Promise<Received[]> {
  const list = await redis.cli('LRANGE', `messages:${roomId}`, '0', '-1');
  const messages = list.split('\n').filter((line) => line !== '');
  return messages.map((line) => JSON.parse(line)).reverse();
}

/** Waits until an event of that kind has been told, so often. */
export function told(events: readonly ResumeEvent[], type: ResumeEvent['type'], times = 1): Promise<unknown> {
  return until(() => events.filter((event) => event.type === type).length >= times, {
    what: `${type}, ${times} times`,
  });
}

let rooms = 0;

/** A room that no other test uses. */
export function newRoom(): string {
  rooms += 1;
  return `room${rooms}`;
}
