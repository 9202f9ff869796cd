/**
 * A message through the whole path of a running server, and how long each part took:
 *
 *   connect → connection_ack → subscribe, live → send, acknowledged → delivered
 *
 * in a room of its own, which is forgotten afterwards.
 */
import { randomBytes } from 'node:crypto';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { configFromEnv } from '#config/config.js';
import { clearRoom } from '#redis/admin/inspect.js';
import { type Command, type CommandContext, CommandError, UsageError, writeJson } from './command.js';

const FOLLOW = 'subscription ($room: ID!) { messageAdded(roomId: $room) { id } }';
const SAY =
  'mutation ($room: ID!, $author: String) { sendMessage(input: { roomId: $room, author: $author, content: "ping" }) { id } }';

const TIMEOUT_MS = 10_000;

/** Milliseconds of each part. */
interface Times {
  connect: number;
  send: number;
  deliver: number;
}

export const ping: Command = {
  usage: 'ping [--url <http://host:port/graphql>] [--json]',
  summary: 'Sends a message through a running server and says how long it took.',
  options: { url: { type: 'string' } },
  run: async (context) => {
    if (context.args.length > 0) throw new UsageError('This command takes no room.');
    const room = `ping-${randomBytes(8).toString('hex')}`;
    try {
      const times = await measure(context, urlOf(context), room);
      if (context.options.json) return writeJson(context, times);
      const row = (name: string, ms: number) => `${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms\n`;
      context.out(row('connected and acknowledged after', times.connect));
      context.out(row('message stored after', times.send));
      context.out(row('and delivered, from send, after', times.deliver));
    } finally {
      await clearRoom(context.commands, room);
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
  const late = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const beganAt = performance.now();
    await orGiveUp(connected(client), late, 'the server to accept the connection');
    const connectedAt = performance.now();
    const delivery = once(client, FOLLOW, { room });
    // A mutation waits for the subscriptions before it on its connection to be live.
    const sent = once(client, SAY, { room, author: token ? undefined : 'ping' }).then(() =>
      performance.now(),
    );
    const delivered = delivery.then(() => performance.now());
    const [sentAt, deliveredAt] = await orGiveUp(Promise.all([sent, delivered]), late, 'the message');
    return { connect: connectedAt - beganAt, send: sentAt - connectedAt, deliver: deliveredAt - connectedAt };
  } finally {
    await client.dispose();
  }
}

function connected(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on('connected', () => resolve());
    client.on('error', (error) => reject(new CommandError(`cannot connect: ${reasonOf(error)}`)));
    client.on('closed', (event) => reject(new CommandError(`cannot connect: ${reasonOf(event)}`)));
  });
}

/** The first result of an operation, which must be one. */
function once(client: Client, query: string, variables: Record<string, unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => reject(new CommandError(reasonOf(error)));
    const end = client.subscribe(
      { query, variables },
      {
        next: ({ errors }) => {
          if (errors) refuse(errors);
          else resolve();
          end();
        },
        error: refuse,
        complete: () => refuse('the subscription was completed'),
      },
    );
  });
}

function orGiveUp<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  const gaveUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new CommandError(`Gave up waiting for ${what}.`)));
  });
  // Whoever awaits the race gets the rejection; after it nobody does.
  gaveUp.catch(() => undefined);
  return Promise.race([work, gaveUp]);
}

/** What went wrong, of all the shapes that it comes in. */
function reasonOf(error: unknown): string {
  if (Array.isArray(error)) return error.map(reasonOf).join('; ');
  const { message, code, reason } = (error ?? {}) as { message?: string; code?: unknown; reason?: string };
  if (message) return message;
  return code === undefined ? String(error) : `closed with ${code} ${reason ?? ''}`.trim();
}

function urlOf({ options, env }: CommandContext): URL {
  const text = options.url ?? `http://127.0.0.1:${configFromEnv(env).port}/graphql`;
  if (typeof text !== 'string' || !URL.canParse(text))
    throw new UsageError('--url takes http://host:port/graphql.');
  const url = new URL(text);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  if (url.pathname === '/') url.pathname = '/graphql';
  return url;
}
