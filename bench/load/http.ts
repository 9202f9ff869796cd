import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { readResponse } from './http-response.js';

/**
 * A connection is not reused after this idle time, because servers may close it after five seconds (Node's
 * default).
 */
const FRESH_MS = 2000;
/** Requests fail if the server writes nothing for this long. */
const LIMIT_MS = 60_000;

interface Waiting {
  resolve(body: string): void;
  reject(error: Error): void;
}

/**
 * One HTTP/1.1 keep-alive connection. It opens with the first request, and reopens after a pause. Requests are
 * pipelined: they are written without waiting for earlier responses, which arrive in the same order.
 */
export class HttpClient {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #waiting: Waiting[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #usedAt = 0;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** Posts JSON and resolves to the response body. Rejects if the status is not 200. */
  post(path: string, body: string): Promise<string> {
    const socket = this.#freshSocket();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
  }

  /** Closes the connection at once. Pending requests reject. */
  close(): void {
    this.#socket?.destroy();
  }

  #freshSocket(): Socket {
    const now = performance.now();
    const isFresh = this.#waiting.length > 0 || now - this.#usedAt < FRESH_MS;
    this.#usedAt = now;
    if (this.#socket && !this.#socket.destroyed && isFresh) return this.#socket;
    this.#socket?.destroy();
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    const waiting: Waiting[] = [];
    const fail = (error: Error): void => {
      for (const { reject } of waiting.splice(0)) reject(error);
    };
    this.#socket = socket;
    this.#waiting = waiting;
    this.#bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', fail);
    socket.setTimeout(LIMIT_MS, () =>
      socket.destroy(new Error(`The server sent nothing for ${LIMIT_MS} ms.`)),
    );
    socket.on('close', () => fail(new Error('The server closed the connection.')));
    return socket;
  }

  #read(chunk: Buffer): void {
    this.#usedAt = performance.now();
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, chunk]) : chunk;
    for (;;) {
      const response = readResponse(this.#bytes);
      if (!response) return;
      this.#bytes = this.#bytes.subarray(response.end);
      const waiting = this.#waiting.shift();
      if (response.status === 200) waiting?.resolve(response.body);
      else waiting?.reject(new Error(`HTTP ${response.status}: ${response.body.slice(0, 300)}`));
    }
  }
}
