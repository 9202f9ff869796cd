import type { EntryId } from '#domain/cursor.js';
import { RawWebSocket } from './raw-web-socket.js';
import type { TestServer } from './server.js';
import type { Counted } from './site.js';

const FOLLOW =
  'subscription ($roomId: ID!, $after: ID) { messageAdded(roomId: $roomId, after: $after) { id content } }';
const ID = Buffer.from('{"messageAdded":{"id":"');
const QUOTE = '"'.charCodeAt(0);

/** Connections that are on their way to be subscribed at a time. */
const IN_FLIGHT = 200;

/** Many viewers of one room who come and go together. */
export class Crowd {
  readonly members: Member[];

  constructor(server: TestServer, roomId: string, size: number) {
    this.members = Array.from(
      { length: size },
      (_, index) => new Member(`member ${index}`, roomId, () => server),
    );
  }

  /**
   * Connects all who are not, and subscribes each after what it has. Resolves once all have asked; `joined`
   * is told how many have, each time.
   */
  async join(joined: (count: number) => void = () => undefined): Promise<void> {
    const waiting = [...this.members];
    let count = 0;
    const joinInTurn = async () => {
      for (let member = waiting.pop(); member; member = waiting.pop()) {
        await member.join();
        count += 1;
        joined(count);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, joinInTurn));
  }

  /** Breaks all connections off at once. */
  drop(): void {
    for (const member of this.members) member.drop();
  }
}

/** A viewer over a bare connection, which may stop reading. */
export class Member implements Counted {
  received: EntryId[] = [];
  cursor: EntryId = '0';
  /** Whether its connection stands. */
  connected = false;
  /** What it was told besides messages. */
  readonly told: string[] = [];
  #socket: RawWebSocket | undefined;
  #closed = false;

  constructor(
    readonly name: string,
    readonly roomId: string,
    private readonly server: () => TestServer,
    /** Must select the id before anything else. */
    private readonly query = FOLLOW,
  ) {}

  /** Connects and subscribes after what it has; resolves once it has asked, or the connection is gone. */
  async join(): Promise<void> {
    if (this.#closed) return;
    this.#socket?.drop();
    await new Promise<void>((resolve) => {
      let asked = false;
      const socket = new RawWebSocket(this.server(), {
        opened: () => {
          this.connected = true;
          socket.send({ type: 'connection_init' });
        },
        text: (payload) => {
          // What a connection that was dropped had still to tell.
          if (socket !== this.#socket) return;
          if (asked) return this.#read(payload);
          asked = true;
          const variables = { roomId: this.roomId, after: this.cursor };
          socket.send({ id: '1', type: 'subscribe', payload: { query: this.query, variables } });
          resolve();
        },
        closed: () => {
          if (socket === this.#socket) this.connected = false;
          resolve();
        },
      });
      this.#socket = socket;
    });
  }

  drop(): void {
    this.#socket?.drop();
  }

  /** Leaves for good. */
  async close(): Promise<void> {
    this.#closed = true;
    this.drop();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Reads a little, and pauses again. */
  readOnce(): void {
    this.#socket?.readOnce();
  }

  #read(payload: Buffer): void {
    const place = payload.indexOf(ID);
    if (place < 0) {
      this.told.push(payload.toString());
      return;
    }
    const from = place + ID.length;
    this.cursor = payload.toString('latin1', from, payload.indexOf(QUOTE, from));
    this.received.push(this.cursor);
  }
}
