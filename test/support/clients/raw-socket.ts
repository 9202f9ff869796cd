import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';
import type { TestServer } from '#test/support/server.js';

/** A message of graphql-transport-ws, well formed or not. */
export interface WireMessage {
  type: string;
  id?: string;
  payload?: unknown;
}

/** How a socket was closed. */
export interface Closing {
  code: number;
  reason: string;
}

/**
 * A WebSocket with nothing between the test and the wire. What the server sends is read strictly in its
 * order, by `next()`; nothing is left out.
 */
export class RawSocket {
  readonly #unread: WireMessage[] = [];
  readonly #readers: ((message: WireMessage) => void)[] = [];
  /** How it was closed, whichever side began. */
  readonly closed: Promise<Closing>;
  #barriers = 0;

  private constructor(readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as WireMessage;
      const reader = this.#readers.shift();
      if (reader === undefined) this.#unread.push(message);
      else reader(message);
    });
  }

  /** Opens a socket and says nothing on it. */
  static async open(server: TestServer, protocols: string[] = ['graphql-transport-ws']): Promise<RawSocket> {
    const socket = new WebSocket(server.wsUrl, protocols);
    const raw = new RawSocket(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    // An error after the handshake is told by how the socket closes.
    socket.on('error', () => undefined);
    return raw;
  }

  /** Opens a socket and has it acknowledged. */
  static async ready(server: TestServer, payload?: object): Promise<RawSocket> {
    const raw = await RawSocket.open(server);
    raw.send({ type: 'connection_init', payload });
    const ack = await raw.next();
    if (ack.type !== 'connection_ack') throw new Error(`Not acknowledged: ${JSON.stringify(ack)}`);
    return raw;
  }

  /** The next message from the server, in the order in which they came; rejects where there is none before it closes. */
  next(): Promise<WireMessage> {
    const message = this.#unread.shift();
    if (message !== undefined) return Promise.resolve(message);
    return Promise.race([
      new Promise<WireMessage>((resolve) => this.#readers.push(resolve)),
      this.closed.then(({ code, reason }): never => {
        throw new Error(`The socket was closed with ${code} ${reason}`);
      }),
    ]);
  }

  /** The next so many messages. */
  async take(count: number): Promise<WireMessage[]> {
    const messages: WireMessage[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** Sends a message; a text as it is. */
  send(...messages: (WireMessage | string)[]): void {
    for (const message of messages) {
      this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    }
  }

  /** Sends messages in one write, so that they arrive together. */
  sendTogether(...messages: WireMessage[]): void {
    this.tcp.cork();
    this.send(...messages);
    this.tcp.uncork();
  }

  /** Starts an operation. */
  subscribe(id: string, payload: object): void {
    this.send({ id, type: 'subscribe', payload });
  }

  /** Whatever the server has sent up to its answer to a ping of now. */
  async untilNow(): Promise<WireMessage[]> {
    const barrier = { barrier: ++this.#barriers };
    this.send({ type: 'ping', payload: barrier });
    const messages: WireMessage[] = [];
    for (;;) {
      const message = await this.next();
      if (message.type === 'pong' && isDeepStrictEqual(message.payload, barrier)) return messages;
      messages.push(message);
    }
  }

  /** The connection beneath. */
  get tcp(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket;
  }

  /** Closes it as a browser does, and waits until it is closed. */
  async close(): Promise<void> {
    this.socket.close(1000);
    await this.closed;
  }

  /** Breaks the connection off, as a client does that crashes. */
  crash(): void {
    this.tcp.resetAndDestroy();
  }
}
