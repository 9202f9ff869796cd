import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ask } from '../../test/support/ask.js';
import { codeOf } from '../../test/support/sender.js';
import type { TestServer } from '../../test/support/server.js';

/** Operations over HTTP. The server refuses the last three. */
const OPERATIONS = [
  '{ messages(roomId: "ROOM", last: 200) { nodes { id content author { name } } } }',
  '{ activeRooms { id connectionCount lastMessage { content } } }',
  '{ messages(roomId: "ROOM", after: "1-1", first: 10) { nodes { id } } }',
  '{ messages(roomId: "no room!") { nodes { id } } }',
  'mutation { sendMessage(input: { roomId: "ROOM", content: "" }) { id } }',
];
const SUBSCRIPTION =
  'subscription ($roomId: ID!, $last: Int) { messageAdded(roomId: $roomId, last: $last) { id } }';

/** A client that joins one room after another for a short time, and runs various queries. */
export class Visitor {
  /** How often each answer was received: an error code, `OK` for data, `DISCONNECTED` for no answer. */
  readonly answers = new Map<string, number>();
  #over = false;
  readonly #ended: Promise<unknown>;

  constructor(
    private readonly server: () => TestServer,
    private readonly rooms: readonly string[],
    private readonly random: () => number,
  ) {
    this.#ended = Promise.all([this.#ask(), this.#peek()]);
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#ended;
  }

  async #ask(): Promise<void> {
    while (!this.#over) {
      const query = this.#oneOf(OPERATIONS).replace('ROOM', this.#oneOf(this.rooms));
      const answer = await ask(this.server(), { query }).catch(() => 'DISCONNECTED');
      this.#count(typeof answer === 'string' ? answer : 'OK');
      await sleep(20 + this.random() * 60);
    }
  }

  /** Subscribes to rooms, some of them otherwise empty, and cancels soon after. */
  async #peek(): Promise<void> {
    while (!this.#over) {
      const client = createClient({ url: this.server().wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
      for (let peeks = 0; peeks < 20; peeks += 1) {
        const roomId =
          this.random() < 0.5 ? this.#oneOf(this.rooms) : `corner${Math.floor(this.random() * 50)}`;
        const variables = { roomId, last: Math.floor(this.random() * 10) };
        const ended = new Promise<void>((resolve) => {
          const cancel = client.subscribe(
            { query: SUBSCRIPTION, variables },
            {
              next: ({ errors }) => this.#count(String(errors?.[0]?.extensions?.code ?? 'OK')),
              error: (error) => resolve(this.#count(codeOf(error))),
              complete: () => resolve(),
            },
          );
          setTimeout(cancel, this.random() * 20);
        });
        await ended;
      }
      await client.dispose();
      await sleep(this.random() * 100);
    }
  }

  #oneOf<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)]!;
  }

  #count(answer: string): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }
}
