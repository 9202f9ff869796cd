import { createClient } from 'graphql-ws';
import { type ResumingClient, resumingClient } from 'streamly-chat-client';
import { WebSocket } from 'ws';
import type { EntryId } from '#domain/cursor.js';
import { GAP } from './ledger.js';
import type { TestServer } from './server.js';
import type { CountedViewer } from './site.js';

const FOLLOW = `subscription ($roomId: ID!, $after: ID, $last: Int) {
  messageAdded(roomId: $roomId, after: $after, last: $last) { id }
}`;

/** A viewer that uses streamly-chat-client and reads a room from its beginning. */
export class ClientViewer implements CountedViewer {
  received: string[] = [];
  cursor: EntryId | undefined = '0';
  #socket: WebSocket | undefined;
  readonly #client: ResumingClient;

  constructor(
    readonly name: string,
    readonly roomId: string,
    server: () => TestServer,
    private readonly onMessage: (viewer: ClientViewer) => void = () => undefined,
  ) {
    const client = createClient({
      url: () => server().wsUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      keepAlive: 2_000,
      on: {
        connected: (socket) => {
          this.#socket = socket as WebSocket;
        },
      },
    });
    this.#client = resumingClient(client, {
      retryBaseMs: 20,
      retryCapMs: 200,
      onEvent: ({ type }) => {
        if (type === 'gap') this.received.push(GAP);
      },
    });
    const variables = { roomId, after: '0' };
    // Use a sink, because it receives messages and gaps in one order.
    this.#client.subscribe<{ messageAdded: { id: string } }>(
      { query: FOLLOW, variables },
      {
        next: ({ data }) => this.#receive(data!.messageAdded.id),
        error: (error) => this.received.push(`refused for good: ${error}`),
        complete: () => undefined,
      },
    );
  }

  /** Breaks the connection, as a failing network does. */
  drop(): void {
    this.#socket?.terminate();
  }

  async close(): Promise<void> {
    await this.#client.dispose();
  }

  #receive(id: EntryId): void {
    this.cursor = id;
    this.received.push(id);
    this.onMessage(this);
  }
}
