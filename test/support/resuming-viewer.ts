import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { EntryId } from '#domain/cursor.js';
import { GAP, type ReceivedMessages } from './ledger.js';
import { randomFrom, seedOf } from './random.js';
import type { TestServer } from './server.js';

const FOLLOW = `subscription ($roomId: ID!, $after: ID, $last: Int) {
  messageAdded(roomId: $roomId, after: $after, last: $last) { id }
}`;

/** The `last` argument of a viewer that rejoins after its cursor expired. */
const LAST = 50;

export interface ViewerOptions {
  name: string;
  roomId: string;
  /** Returns the node to connect to. Called for each connection. */
  server(): TestServer;
  /** The cursor to start after. Defaults to the beginning of the room. */
  after?: EntryId;
  /** Called after each received message. */
  onMessage?: (viewer: ResumingViewer) => void;
  /** The keep-alive interval in milliseconds. By default, there is no keep-alive. */
  pingMs?: number;
}

/**
 * A viewer that uses plain graphql-ws. Whenever its subscription ends, it subscribes again after its last
 * message. It records every message as received, including duplicates.
 */
export class ResumingViewer implements ReceivedMessages {
  readonly name: string;
  readonly roomId: string;
  readonly after: EntryId | undefined;
  received: string[] = [];
  /** The newest received message. Undefined from an expired cursor until the next message. */
  cursor: EntryId | undefined;
  /** Messages received so far, counted or not. */
  total = 0;
  /** How often each refusal was received, by code. */
  readonly refusals = new Map<string, number>();
  /** How often it subscribed. */
  subscribes = 0;
  #socket: WebSocket | undefined;
  #closing = new AbortController();
  readonly #ended: Promise<void>;

  constructor(private readonly options: ViewerOptions) {
    this.name = options.name;
    this.roomId = options.roomId;
    this.after = options.after;
    this.cursor = options.after ?? '0';
    this.#ended = this.#run();
  }

  /** Breaks the connection, as a failing network does. */
  drop(): void {
    this.#socket?.terminate();
  }

  /** Leaves for good. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const random = randomFrom(seedOf(this.name));
    while (!signal.aborted) {
      await this.#follow(signal);
      // Random delays keep a crowd from reconnecting in step.
      if (!signal.aborted) await sleep(20 + random() * 60, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Subscribes until the subscription ends in any way. */
  async #follow(signal: AbortSignal): Promise<void> {
    this.subscribes += 1;
    const { server, pingMs } = this.options;
    let unanswered: NodeJS.Timeout | undefined;
    const client = createClient({
      url: server().wsUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      keepAlive: pingMs ?? 0,
      on: {
        connected: (socket) => {
          this.#socket = socket as WebSocket;
        },
        ping: (received) => {
          if (!received) unanswered = setTimeout(() => this.drop(), pingMs);
        },
        pong: () => clearTimeout(unanswered),
      },
    });
    const start = this.cursor === undefined ? { last: LAST } : { after: this.cursor };
    let leave: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      leave = client.subscribe<{ messageAdded: { id: string } }>(
        { query: FOLLOW, variables: { roomId: this.roomId, ...start } },
        {
          next: ({ data, errors }) => {
            if (data?.messageAdded) this.#receive(data.messageAdded.id);
            for (const { extensions } of errors ?? []) this.#refused(String(extensions?.code));
          },
          error: (error) => {
            // Operation errors come as a list. Anything else is a connection error.
            if (Array.isArray(error)) this.#refused(String(error[0]?.extensions?.code));
            resolve();
          },
          complete: () => resolve(),
        },
      );
      signal.addEventListener('abort', leave);
    });
    signal.removeEventListener('abort', leave!);
    clearTimeout(unanswered);
    await client.dispose();
  }

  #receive(id: EntryId): void {
    this.cursor = id;
    this.received.push(id);
    this.total += 1;
    this.options.onMessage?.(this);
  }

  #refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    if (code !== 'CURSOR_EXPIRED') return;
    this.cursor = undefined;
    this.received.push(GAP);
  }
}
