import { connect, type Socket } from 'node:net';
import type { TestServer } from './server.js';

const TEXT = 1;
const PING = 9;
const PONG = 10;
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const HEAD_ENDS = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

/** A read buffer that all connections share: each read is handled before the next one starts. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

export interface RawWebSocketHandlers {
  /** The server accepted the upgrade. */
  opened(): void;
  /** A text frame arrived. `payload` is valid only during the call. */
  text(payload: Buffer): void;
  /** The connection ended, from either side. Called once. */
  closed(): void;
}

/** A minimal WebSocket client. It is cheap enough for thousands of connections, and each can stop reading. */
export class RawWebSocket {
  readonly #socket: Socket;
  readonly #handlers: RawWebSocketHandlers;
  #unread = NOTHING;
  #opened = false;
  #reading = true;

  constructor(server: TestServer, handlers: RawWebSocketHandlers) {
    this.#handlers = handlers;
    const { hostname, host, port } = new URL(server.origin);
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.#read(READ_BUFFER.subarray(0, length));
          return this.#reading;
        },
      },
    });
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(host)));
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => handlers.closed());
  }

  send(message: object): void {
    this.#socket.write(clientFrame(TEXT, Buffer.from(JSON.stringify(message))));
  }

  /** Stops reading from the network, including pings. */
  pause(): void {
    this.#reading = false;
    this.#socket.pause();
  }

  resume(): void {
    this.#reading = true;
    this.#socket.resume();
  }

  /** Reads up to one buffer, then pauses again. */
  readOnce(): void {
    this.#reading = false;
    this.#socket.resume();
  }

  /** Breaks the connection. */
  drop(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    const rest = this.#opened ? this.#readFrames(bytes) : this.#readHead(bytes);
    // Copy the remainder, because the next read reuses the buffer.
    this.#unread = rest.length === 0 ? NOTHING : Buffer.from(rest);
  }

  #readHead(bytes: Buffer): Buffer {
    const end = bytes.indexOf(HEAD_ENDS);
    if (end < 0) return bytes;
    if (!bytes.toString('latin1').startsWith('HTTP/1.1 101')) {
      this.#socket.destroy();
      return NOTHING;
    }
    this.#opened = true;
    this.#handlers.opened();
    return this.#readFrames(bytes.subarray(end + HEAD_ENDS.length));
  }

  /** Passes on complete frames and returns the bytes of an incomplete last one. */
  #readFrames(bytes: Buffer): Buffer {
    let at = 0;
    while (bytes.length - at >= 4) {
      const short = bytes[at + 1]!;
      // These tests send no messages that need the longest kind of frame header.
      const header = short === 126 ? 4 : 2;
      const end = at + header + (short === 126 ? bytes.readUInt16BE(at + 2) : short);
      if (end > bytes.length) break;
      const opcode = bytes[at]! & 0x0f;
      const payload = bytes.subarray(at + header, end);
      if (opcode === TEXT) this.#handlers.text(payload);
      if (opcode === PING) this.#socket.write(clientFrame(PONG, payload));
      at = end;
    }
    return bytes.subarray(at);
  }
}

function upgradeRequest(host: string): string {
  return [
    'GET /graphql HTTP/1.1',
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: c3RyZWFtbHktY2hhdC0xNg==',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    '\r\n',
  ].join('\r\n');
}

/** Builds a client frame, masked as the protocol requires. */
function clientFrame(opcode: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
  const masked = payload.map((byte, index) => byte ^ MASK[index & 3]!);
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), MASK, masked]);
}
