import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { KnownMessage } from './ledger.js';
import { randomFrom, seedOf } from './random.js';
import type { TestServer } from './server.js';

const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id content } }`;

/** By default, the maximum number of messages that wait for their answer. */
const WINDOW = 200;

export interface MessageSenderOptions {
  name: string;
  roomId: string;
  /** The nodes to send through, in turn. */
  servers(): readonly TestServer[];
  /** Whether to pause sending because the viewers cannot keep up. */
  isPaused?(): boolean;
  /** How many messages may wait for their answer. Each of them is repeated during an outage. Defaults to 200. */
  window?: number;
  /** Length of each message in characters. By default, as short as possible. */
  length?: number;
}

/**
 * Sends messages with a nonce and retries each until its outcome is known. Sends overlap, so the server
 * decides their order.
 */
export class MessageSender {
  /** Accepted messages that were not counted yet. */
  readonly acknowledged: KnownMessage[] = [];
  /** How often each refusal was received, by code. `DISCONNECTED` means no answer. */
  readonly refusals = new Map<string, number>();
  /** Messages accepted so far, counted or not. */
  total = 0;
  /** Longest time from the first attempt of a message to its acceptance, in milliseconds. Set it to 0 to measure anew. */
  longestWaitMs = 0;
  #number = 0;
  #turn = 0;
  #closed = false;
  #running = false;
  #sending: Promise<void> | undefined;
  readonly #clients = new Map<string, Client>();
  readonly #random: () => number;

  readonly roomId: string;

  constructor(private readonly options: MessageSenderOptions) {
    this.roomId = options.roomId;
    this.#random = randomFrom(seedOf(options.name));
  }

  /** Sends `count` messages as fast as possible, or at the given rate. Resolves when all are accepted. */
  send(count: number, perSecond = Number.POSITIVE_INFINITY): Promise<void> {
    return this.#sendAtRate(perSecond, (sent) => sent < count);
  }

  /** Sends at this rate, or as fast as answers arrive, until `stop()`. */
  start(perSecond: number): void {
    this.#running = true;
    this.#sending = this.#sendAtRate(perSecond, () => this.#running);
  }

  /** Stops sending. Resolves when all messages are accepted. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#sending;
  }

  /** Sends one message and retries until it is accepted. */
  async sendOne(): Promise<KnownMessage> {
    this.#number += 1;
    const nonce = `${this.options.name}:${this.#number}`;
    const start = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#try(nonce);
      if (typeof answer !== 'string') {
        this.acknowledged.push(answer);
        this.total += 1;
        this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - start);
        return answer;
      }
      this.refusals.set(answer, (this.refusals.get(answer) ?? 0) + 1);
      if (this.#closed) throw new Error(`${nonce} was abandoned: ${answer}`);
      await sleep(this.#random() * Math.min(20 * attempt, 200));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.stop().catch(() => undefined);
    await Promise.all([...this.#clients.values()].map((client) => client.dispose()));
  }

  async #sendAtRate(perSecond: number, goesOn: (sent: number) => boolean): Promise<void> {
    const { window = WINDOW } = this.options;
    const sends = new Set<Promise<unknown>>();
    const start = performance.now();
    for (let sent = 0; goesOn(sent); ) {
      const due = ((performance.now() - start) / 1_000) * perSecond;
      if (sent < due && sends.size < window && !this.options.isPaused?.()) {
        // Rejects only if the sender was closed, when the outcome no longer matters.
        const send: Promise<unknown> = this.sendOne().then(
          () => sends.delete(send),
          () => sends.delete(send),
        );
        sends.add(send);
        sent += 1;
      } else {
        await (sends.size < window ? sleep(10) : Promise.race(sends));
      }
    }
    await Promise.all(sends);
  }

  /** Returns the accepted message, or the code of the refusal. */
  #try(nonce: string): Promise<KnownMessage | string> {
    const { name, roomId, servers, length = 0 } = this.options;
    const all = servers();
    this.#turn += 1;
    const server = all[this.#turn % all.length];
    if (server === undefined) return Promise.resolve('DISCONNECTED');
    const input = { roomId, author: name, nonce, content: nonce.padEnd(length, '.') };
    return new Promise((resolve) => {
      let answer: KnownMessage | string = 'DISCONNECTED';
      this.#clientOf(server).subscribe<{ sendMessage: KnownMessage }>(
        { query: SEND, variables: { input } },
        {
          next: ({ data, errors }) => {
            answer = data?.sendMessage ?? String(errors?.[0]?.extensions?.code);
          },
          error: (error) => resolve(codeOf(error)),
          complete: () => resolve(answer),
        },
      );
    });
  }

  #clientOf({ wsUrl }: TestServer): Client {
    let client = this.#clients.get(wsUrl);
    if (client === undefined) {
      client = createClient({
        url: wsUrl,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        lazyCloseTimeout: 1_000,
      });
      this.#clients.set(wsUrl, client);
    }
    return client;
  }
}

/** The code of a refusal, or `DISCONNECTED` if there was no answer. */
export function codeOf(error: unknown): string {
  return Array.isArray(error) ? String(error[0]?.extensions?.code) : 'DISCONNECTED';
}
