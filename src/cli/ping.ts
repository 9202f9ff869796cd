/**
 * Sends a message through a running server and measures each step:
 *
 *   connect → connection_ack → subscribe → send → acknowledged → delivered
 *
 * It uses a random room and deletes it afterwards.
 */
import { randomBytes } from 'node:crypto';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { configFromEnv } from '#config/config.js';
import { clearRoom } from '#redis/admin/inspect.js';
import {
  type Command,
  type CommandContext,
  CommandError,
  expectNoArguments,
  UsageError,
  writeJson,
} from './command.js';

const SUBSCRIBE = 'subscription ($room: ID!) { messageAdded(roomId: $room) { id } }';
const SEND =
  'mutation ($room: ID!, $author: String) { sendMessage(input: { roomId: $room, author: $author, content: "ping" }) { id } }';

const TIMEOUT_MS = 10_000;

/** Durations in milliseconds. `send` and `deliver` are both measured from the send. */
interface Times {
  connect: number;
  send: number;
  deliver: number;
}

/** Measures how long a message takes through a running server. */
export const ping: Command = {
  usage: 'ping [--url <http://host:port/graphql>] [--json]',
  summary: 'Sends a message through a running server and measures how long it takes.',
  options: { url: { type: 'string' } },
  run: async (context) => {
    expectNoArguments(context);
    const room = `ping-${randomBytes(8).toString('hex')}`;
    try {
      const times = await measure(context, urlOf(context), room);
      if (context.options.json) return writeJson(context, times);
      const row = (name: string, ms: number) => `${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms\n`;
      context.out(row('connect and acknowledge', times.connect));
      context.out(row('send and store', times.send));
      context.out(row('send and deliver', times.deliver));
    } finally {
      await clearRoom(context.servers, room);
    }
  },
};

async function measure(context: CommandContext, url: URL, room: string): Promise<Times> {
  const token = context.env.STREAMLY_TOKEN;
  const client = createClient({
    url: url.href,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
    ...(token && { connectionParams: { authorization: `Bearer ${token}` } }),
  });
  const giveUp = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const startedAt = performance.now();
    await orGiveUp(waitUntilConnected(client), giveUp, 'the server to accept the connection');
    const connectedAt = performance.now();
    const delivery = firstResult(client, SUBSCRIBE, { room });
    // The server runs a mutation only when earlier subscriptions of the same connection are live.
    const sent = firstResult(client, SEND, { room, author: token ? undefined : 'ping' }).then(() =>
      performance.now(),
    );
    const delivered = delivery.then(() => performance.now());
    const [sentAt, deliveredAt] = await orGiveUp(Promise.all([sent, delivered]), giveUp, 'the message');
    return {
      connect: connectedAt - startedAt,
      send: sentAt - connectedAt,
      deliver: deliveredAt - connectedAt,
    };
  } finally {
    await client.dispose();
  }
}

function waitUntilConnected(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on('connected', () => resolve());
    client.on('error', (error) => reject(new CommandError(`Cannot connect: ${reasonOf(error)}`)));
    client.on('closed', (event) => reject(new CommandError(`Cannot connect: ${reasonOf(event)}`)));
  });
}

/** Runs an operation and resolves at its first result. Rejects if that has errors or never comes. */
function firstResult(client: Client, query: string, variables: Record<string, unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(new CommandError(reasonOf(error)));
    const end = client.subscribe(
      { query, variables },
      {
        next: ({ errors }) => {
          if (errors) fail(errors);
          else resolve();
          end();
        },
        error: fail,
        complete: () => fail('The server ended the operation without a result.'),
      },
    );
  });
}

function orGiveUp<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  const gaveUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new CommandError(`Gave up waiting for ${what}.`)));
  });
  // After the race, nothing else handles a rejection.
  gaveUp.catch(() => undefined);
  return Promise.race([work, gaveUp]);
}

/** The reason in an error, a list of GraphQL errors, or a WebSocket close event. */
function reasonOf(error: unknown): string {
  if (Array.isArray(error)) return error.map(reasonOf).join('; ');
  const { message, code, reason } = (error ?? {}) as { message?: string; code?: unknown; reason?: string };
  if (message) return message;
  return code === undefined ? String(error) : `closed with ${code} ${reason ?? ''}`.trim();
}

function urlOf({ options, env }: CommandContext): URL {
  const text = options.url ?? `http://127.0.0.1:${configFromEnv(env).port}/graphql`;
  if (typeof text !== 'string' || !URL.canParse(text)) {
    throw new UsageError(`--url must be a URL such as http://host:port/graphql, got "${text}".`);
  }
  const url = new URL(text);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  if (url.pathname === '/') url.pathname = '/graphql';
  return url;
}
