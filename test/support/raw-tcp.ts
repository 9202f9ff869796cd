import { connect, type Socket } from 'node:net';
import type { TestServer } from './server.js';

/** A plain TCP connection to a server. Sends exactly what is written. */
export class RawTcp {
  readonly socket: Socket;
  /** Everything received so far. */
  received = '';
  /** Resolves when either side has ended the connection. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    // 'close' follows.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(server: TestServer): Promise<RawTcp> {
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    const raw = new RawTcp(socket);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return raw;
  }

  /** Writes, and waits if the buffer is full. Returns false if the connection has ended. */
  async write(data: string | Buffer): Promise<boolean> {
    if (this.socket.destroyed) return false;
    if (!this.socket.write(data)) {
      await Promise.race([new Promise((resolve) => this.socket.once('drain', resolve)), this.closed]);
    }
    return !this.socket.destroyed;
  }

  /** Resolves when a text has arrived or the connection has ended. */
  until(text: string): Promise<void> {
    const come = new Promise<void>((resolve) => {
      const look = () => {
        if (!this.received.includes(text)) return;
        this.socket.off('data', look);
        resolve();
      };
      this.socket.on('data', look);
      look();
    });
    return Promise.race([come, this.closed]);
  }

  end(): void {
    this.socket.destroy();
  }
}

/** The head of a WebSocket upgrade request, without the empty line at its end. */
export function upgradeHead(headers: readonly string[] = []): string {
  return [
    'GET /graphql HTTP/1.1',
    'Host: chat.example',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: c3RyZWFtbHktY2hhdC0xNg==',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    ...headers,
    '',
  ].join('\r\n');
}
