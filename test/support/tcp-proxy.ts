import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What a network between a client and a server may do. */
export class TcpProxy {
  readonly #pairs = new Set<Pair>();
  #refusing = false;
  /** Connections accepted so far. */
  accepted = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: () => number,
  ) {
    server.on('connection', (client) => {
      if (this.#refusing) {
        client.destroy();
        return;
      }
      this.accepted += 1;
      const pair = new Pair(client, this.target(), () => this.#pairs.delete(pair));
      this.#pairs.add(pair);
    });
  }

  /** Listens on a free port of 127.0.0.1, before the port of 127.0.0.1 that `target` gives. */
  static async start(target: () => number): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Breaks off every connection there is. */
  cut(): void {
    for (const pair of this.#pairs) pair.destroy();
  }

  /** Lets nothing through on the connections there are, and keeps them open: they are half-open. */
  stall(): void {
    for (const pair of this.#pairs) pair.stall();
  }

  /** Loses what comes from the server on the connections there are; what goes to it arrives. */
  loseReplies(): void {
    for (const pair of this.#pairs) pair.loseReplies();
  }

  /** Breaks off every connection, and every new one, until `restore()`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  restore(): void {
    this.#refusing = false;
  }

  async close(): Promise<void> {
    this.cut();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }
}

/** One connection, and the one behind it. */
class Pair {
  readonly #upstream: Socket;
  #destroyed = false;

  constructor(
    private readonly client: Socket,
    port: number,
    private readonly onEnd: () => void,
  ) {
    this.#upstream = connect(port, '127.0.0.1');
    for (const socket of [client, this.#upstream]) {
      socket.setNoDelay(true);
      // How a socket ends is of no interest here: the other one ends with it.
      socket.on('error', () => undefined);
      socket.on('close', () => this.destroy());
    }
    client.pipe(this.#upstream);
    this.#upstream.pipe(client);
  }

  stall(): void {
    this.client.unpipe().pause();
    this.#upstream.unpipe().pause();
  }

  loseReplies(): void {
    this.#upstream.unpipe().resume();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.client.destroy();
    this.#upstream.destroy();
    this.onEnd();
  }
}
