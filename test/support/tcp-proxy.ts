import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy that simulates network failures between a client and a server. */
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

  /** Listens on a free port of 127.0.0.1 and forwards to the port that `target` returns. */
  static async start(target: () => number): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The number of open connections. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Breaks all open connections. */
  cut(): void {
    for (const pair of this.#pairs) pair.destroy();
  }

  /** Stops forwarding on all open connections but keeps them open, so that they are half-open. */
  stall(): void {
    for (const pair of this.#pairs) pair.stall();
  }

  /** Drops everything the server sends on the open connections. The other direction still works. */
  loseReplies(): void {
    for (const pair of this.#pairs) pair.loseReplies();
  }

  /** Breaks all connections and rejects new ones until `restore()`. */
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

/** A client connection and its upstream connection. */
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
      // Ignore errors: when one socket ends, the other one ends with it.
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
