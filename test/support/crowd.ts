import type { EntryId } from '#domain/cursor.js';
import { RawWebSocket } from './raw-web-socket.js';
import type { TestServer } from './server.js';
import type { CountedViewer } from './site.js';

const FOLLOW =
  'subscription ($roomId: ID!, $after: ID) { messageAdded(roomId: $roomId, after: $after) { id content } }';
const ID = Buffer.from('{"messageAdded":{"id":"');
const QUOTE = '"'.charCodeAt(0);

/** How many connections may be joining at the same time. */
const IN_FLIGHT = 200;

/** Many viewers of one room that join and leave together. */
export class Crowd {
  readonly members: Member[];

  constructor(server: TestServer, roomId: string, size: number) {
    this.members = Array.from(
      { length: size },
      (_, index) => new Member(`member ${index}`, roomId, () => server),
    );
  }

  /**
   * Connects all members and subscribes each one from its cursor. Resolves when all have sent their subscribe
   * message. `joined` is called each time with the number so far.
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

  /** Breaks all connections at once. */
  drop(): void {
    for (const member of this.members) member.drop();
  }
}

/** A viewer on a minimal WebSocket that can stop reading. */
export class Member implements CountedViewer {
  received: EntryId[] = [];
  cursor: EntryId = '0';
  /** Whether the connection is open. */
  connected = false;
  /** Everything received other than messages. */
  readonly unexpected: string[] = [];
  #socket: RawWebSocket | undefined;
  #closed = false;

  constructor(
    readonly name: string,
    readonly roomId: string,
    private readonly server: () => TestServer,
    /** Must select the id as the first field. */
    private readonly query = FOLLOW,
  ) {}

  /** Connects and subscribes from the cursor. Resolves when it has subscribed or the connection has ended. */
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
          // Ignore messages from a connection that was dropped.
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

  /** Reads a little, then pauses again. */
  readOnce(): void {
    this.#socket?.readOnce();
  }

  #read(payload: Buffer): void {
    const place = payload.indexOf(ID);
    if (place < 0) {
      this.unexpected.push(payload.toString());
      return;
    }
    const from = place + ID.length;
    this.cursor = payload.toString('latin1', from, payload.indexOf(QUOTE, from));
    this.received.push(this.cursor);
  }
}
