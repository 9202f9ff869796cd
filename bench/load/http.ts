import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { readAnswer } from './http-answer.js';

/** A server may close a connection that was idle for five seconds (Node's default): by then it is not used again. */
const FRESH_MS = 2000;
/** A server that writes nothing for so long is not waited for. */
const LIMIT_MS = 60_000;

interface Waiting {
  resolve(body: string): void;
  reject(error: Error): void;
}

/**
 * One keep-alive connection of HTTP/1.1 to a server, opened at the first request, and opened anew after a pause.
 * Requests are written before earlier ones are answered: they reach the server, and are answered, in their order.
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

  /** Posts JSON, and resolves to the answer's body; rejects where the status is not 200. */
  post(path: string, body: string): Promise<string> {
    const socket = this.#freshSocket();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
  }

  /** Closes at once; what is unanswered rejects. */
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
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`No answer in ${LIMIT_MS} ms.`)));
    socket.on('close', () => fail(new Error('The server closed the connection.')));
    return socket;
  }

  #read(chunk: Buffer): void {
    this.#usedAt = performance.now();
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, chunk]) : chunk;
    for (;;) {
      const answer = readAnswer(this.#bytes);
      if (!answer) return;
      this.#bytes = this.#bytes.subarray(answer.end);
      const waiting = this.#waiting.shift();
      if (answer.status === 200) waiting?.resolve(answer.body);
      else waiting?.reject(new Error(`HTTP ${answer.status}: ${answer.body.slice(0, 300)}`));
    }
  }
}
