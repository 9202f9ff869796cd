import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryId } from '#domain/cursor.js';
import { EventStream } from '#test/support/clients/event-stream.js';
import { GAP } from './ledger.js';
import { randomFrom, seedOf } from './random.js';
import type { TestServer } from './server.js';
import type { CountedViewer } from './site.js';

const query = `subscription ($roomId: ID!, $after: ID, $last: Int) {
  messageAdded(roomId: $roomId, after: $after, last: $last) { id }
}`;

/** The `last` argument of a viewer that rejoins after its cursor expired. */
const LAST = 50;

/** A viewer that uses server-sent events, from a room's beginning. It resubscribes after its last message. */
export class EventStreamViewer implements CountedViewer {
  received: string[] = [];
  /** The newest received message. Undefined from an expired cursor until the next message. */
  cursor: EntryId | undefined = '0';
  #stream: EventStream | undefined;
  #closed = false;
  readonly #ended: Promise<void>;

  constructor(
    readonly name: string,
    readonly roomId: string,
    private readonly server: () => TestServer,
  ) {
    this.#ended = this.#run();
  }

  /** Breaks the connection, as a failing network does. */
  drop(): void {
    this.#stream?.crash();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.drop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const random = randomFrom(seedOf(this.name));
    while (!this.#closed) {
      // Resubscribe after the last message, however the stream ended.
      await this.#follow().catch(() => undefined);
      await sleep(20 + random() * 60);
    }
  }

  async #follow(): Promise<void> {
    const start = this.cursor === undefined ? { last: LAST } : { after: this.cursor };
    const variables = { roomId: this.roomId, ...start };
    this.#stream = await EventStream.open(this.server(), { query, variables });
    for (;;) {
      const event = await this.#stream.next();
      if (event?.event !== 'next' || this.#closed) return this.#stream.crash();
      const { data, errors } = JSON.parse(event.data);
      if (errors?.[0]?.extensions?.code === 'CURSOR_EXPIRED') {
        this.cursor = undefined;
        this.received.push(GAP);
      }
      if (!data) continue;
      const { id } = data.messageAdded;
      this.cursor = id;
      this.received.push(id);
    }
  }
}
