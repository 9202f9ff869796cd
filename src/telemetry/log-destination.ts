/**
 * Where log lines go: standard output, without ever waiting for it.
 *
 *   write → buffer (bounded) → file, pipe or socket
 *             └ if it is full or has failed, lines are dropped and counted, and the count is logged on recovery
 *
 * A full disk or a stuck reader must not stop the chat, so nothing here blocks the event loop.
 */
import { createWriteStream, fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** The maximum size of lines that wait to be written, in bytes. Further lines are dropped. */
const BUFFER_BYTES = 1_048_576;

/** How long `close` waits for lines that have not been written yet, in milliseconds. */
const FLUSH_MS = 1_000;

/** How long to wait before a destination that failed is tried again, in milliseconds. */
const RETRY_MS = 1_000;

export interface LogDestinationOptions {
  /** Opens the stream, and opens it again after it failed. */
  open(): Writable;
  /** Called with the number of lines dropped since the last call, once lines get through again. */
  onRecovered(dropped: number): void;
}

/** Standard output as a stream that does not block. */
export function openStandardOutput(): Writable {
  // process.stdout writes to files synchronously, but a separate stream does not. For pipes and sockets it is
  // the other way around: only process.stdout writes to them without blocking a thread.
  return fstatSync(1).isFile() || fstatSync(1).isCharacterDevice()
    ? createWriteStream('', { fd: 1, autoClose: false })
    : process.stdout;
}

export class LogDestination {
  #stream: Writable | undefined;
  #dropped = 0;
  #reported = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(private readonly options: LogDestinationOptions) {}

  /** Lines dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes a line, or drops it. Never throws and never waits. */
  write(line: string): void {
    const stream = this.#open();
    if (stream === undefined || stream.writableLength > BUFFER_BYTES) {
      this.#dropped += 1;
      return;
    }
    stream.write(line, (error) => {
      if (error) this.#dropped += 1;
      else if (this.#dropped > this.#reported && stream.writableLength === 0) this.#report();
    });
  }

  /** Writes the remaining lines, but waits for at most a second. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#flush();
    return this.#closing;
  }

  #open(): Writable | undefined {
    if (this.#stream !== undefined && !this.#stream.destroyed) return this.#stream;
    if (performance.now() - this.#failedAt < RETRY_MS) return undefined;
    const stream = this.options.open();
    if (stream.destroyed) return undefined;
    stream.on('error', () => {
      // Do not report it: the log itself is what failed.
      this.#failedAt = performance.now();
    });
    this.#stream = stream;
    return stream;
  }

  #report(): void {
    const dropped = this.#dropped - this.#reported;
    this.#reported = this.#dropped;
    if (this.#closing === undefined) this.options.onRecovered(dropped);
  }

  #flush(): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(settle, FLUSH_MS);
      // The callback runs once everything before it has been written or has failed.
      stream.write('', settle);
    });
  }
}
