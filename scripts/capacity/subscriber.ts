import { connect, type Socket } from 'node:net';

/** A connection that subscribes and only counts what it receives. */
export class Subscriber {
  bytes = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.bytes += chunk.length;
    });
  }

  static async open(port: number): Promise<Subscriber> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Subscriber(socket);
  }

  subscribe(channels: readonly string[]): void {
    for (const channel of channels) this.socket.write(`SSUBSCRIBE ${channel}\r\n`);
  }

  close(): void {
    this.socket.destroy();
  }
}
