import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';
import type { TestServer } from '#test/support/server.js';

/** A message of graphql-transport-ws, valid or not. */
export interface WireMessage {
  type: string;
  id?: string;
  payload?: unknown;
}

/** Why a socket was closed. */
export interface Closing {
  code: number;
  reason: string;
}

/** A WebSocket without a GraphQL client on top. `next()` returns every message from the server in order. */
export class RawSocket {
  readonly #unread: WireMessage[] = [];
  readonly #readers: ((message: WireMessage) => void)[] = [];
  /** Resolves with the close code and reason when either side has closed the socket. */
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

  /** Opens a socket and sends nothing. */
  static async open(
    server: TestServer,
    protocols: string[] = ['graphql-transport-ws'],
    headers: Record<string, string> = {},
  ): Promise<RawSocket> {
    const socket = new WebSocket(server.wsUrl, protocols, { headers });
    const raw = new RawSocket(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    // Errors after the handshake show in how the socket closes.
    socket.on('error', () => undefined);
    return raw;
  }

  /** Opens a socket and waits for `connection_ack`. */
  static async ready(
    server: TestServer,
    payload?: object,
    headers: Record<string, string> = {},
  ): Promise<RawSocket> {
    const raw = await RawSocket.open(server, undefined, headers);
    raw.send({ type: 'connection_init', payload });
    const ack = await raw.next();
    if (ack.type !== 'connection_ack') throw new Error(`Not acknowledged: ${JSON.stringify(ack)}`);
    return raw;
  }

  /** The next message from the server. Rejects if the socket closes first. */
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

  /** The next `count` messages. */
  async take(count: number): Promise<WireMessage[]> {
    const messages: WireMessage[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** Sends a message as JSON. Sends a string unchanged. */
  send(...messages: (WireMessage | string)[]): void {
    for (const message of messages) {
      this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    }
  }

  /** Sends several messages in one write, so that they arrive together. */
  sendTogether(...messages: WireMessage[]): void {
    this.tcp.cork();
    this.send(...messages);
    this.tcp.uncork();
  }

  /** Starts an operation. */
  subscribe(id: string, payload: object): void {
    this.send({ id, type: 'subscribe', payload });
  }

  /** Sends a ping and returns every message that arrives before its pong. */
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

  /** The underlying TCP socket. */
  get tcp(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket;
  }

  /** Closes the socket normally, as a browser does. Resolves when it is closed. */
  async close(): Promise<void> {
    this.socket.close(1000);
    await this.closed;
  }

  /** Breaks the connection, as a crashing client does. */
  crash(): void {
    this.tcp.resetAndDestroy();
  }
}
