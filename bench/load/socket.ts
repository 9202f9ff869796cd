import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { CLOSE, clientFrame, FrameReader, PING, PONG, TEXT } from './frames.js';

const KEY = Buffer.from('streamly-chat-16').toString('base64');
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly subprotocol: string | undefined;
  /** A read buffer that all sockets share: each read is handled before the next one starts. */
  readonly buffer: Buffer;
}

export interface SocketHandlers {
  /** The server accepted the upgrade. */
  upgraded(): void;
  /** A data frame was counted and skipped. */
  counted(): void;
  /** A text frame arrived. `payload` is valid only during the call. */
  text(payload: Buffer): void;
  /** Called once when the connection has closed, including after `close()`. */
  closed(reason: string): void;
}

/** A minimal WebSocket client: a handshake by hand, then a reader of frame headers. */
export class LoadSocket {
  readonly #socket: Socket;
  readonly #handlers: SocketHandlers;
  readonly #reader: FrameReader;
  #response: string | undefined = '';
  #reason = 'the server closed the connection';

  constructor(options: SocketOptions, handlers: SocketHandlers) {
    this.#handlers = handlers;
    this.#reader = new FrameReader({
      counted: () => handlers.counted(),
      frame: (opcode, payload) => this.#frame(opcode, payload),
    });
    const { host, port, buffer } = options;
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          this.#read(buffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(options)));
    this.#socket.on('error', (error) => {
      this.#reason = error.message;
    });
    this.#socket.on('close', () => handlers.closed(this.#reason));
  }

  /** Whether data frames are read (`true`, the initial value) or only counted. */
  set inspect(inspect: boolean) {
    this.#reader.inspect = inspect;
  }

  send(text: string): void {
    this.#socket.write(clientFrame(TEXT, Buffer.from(text)));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    try {
      if (this.#response === undefined) this.#reader.read(chunk);
      else this.#readResponse(chunk);
    } catch (error) {
      this.#reason = (error as Error).message;
      this.#socket.destroy();
    }
  }

  #readResponse(chunk: Buffer): void {
    const text = this.#response + chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#response = text;
      return;
    }
    if (!text.startsWith('HTTP/1.1 101') || !text.includes(ACCEPT)) {
      throw new Error(`The upgrade was refused: ${text.slice(0, text.indexOf('\r\n'))}`);
    }
    this.#response = undefined;
    this.#handlers.upgraded();
    const rest = Buffer.from(text.slice(end + 4), 'latin1');
    if (rest.length > 0) this.#reader.read(rest);
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) this.#handlers.text(payload);
    else if (opcode === PING) this.#socket.write(clientFrame(PONG, payload));
    else if (opcode === CLOSE) {
      this.#reason = `closed by the server: ${payload.length >= 2 ? payload.readUInt16BE(0) : ''} ${payload.subarray(2)}`;
      this.#socket.destroy();
    }
  }
}

function upgradeRequest({ host, port, path, subprotocol }: SocketOptions): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${KEY}`,
    'Sec-WebSocket-Version: 13',
    ...(subprotocol ? [`Sec-WebSocket-Protocol: ${subprotocol}`] : []),
    '\r\n',
  ].join('\r\n');
}
