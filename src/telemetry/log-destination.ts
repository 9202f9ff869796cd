/**
 * Where log lines go: standard output, without ever waiting for it.
 *
 *   write → buffer (bounded) → file, pipe or socket
 *             └ full, or it failed: the line is dropped and counted; reported once lines get through again
 *
 * A full disk or a reader that has stopped must not stop the chat, so nothing here blocks the event loop.
 */
import { createWriteStream, fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** Bytes of lines that wait to be written. Further lines are dropped. */
const BUFFER_BYTES = 1_048_576;

/** How long `close` waits for lines that have not been written yet, in milliseconds. */
const FLUSH_MS = 1_000;

/** How long a destination that failed is left alone before it is tried again, in milliseconds. */
const RETRY_MS = 1_000;

export interface LogDestinationOptions {
  /** Opens the stream, and opens it again after it failed. */
  open(): Writable;
  /** Called with the number of lines dropped since the last call, once lines get through again. */
  onRecovered(dropped: number): void;
}

/** Standard output as a stream that does not block. */
export function openStandardOutput(): Writable {
  // Node writes to a file synchronously through process.stdout, but not through a stream of its own. Pipes and
  // sockets are the other way round: only process.stdout knows how to write to them without blocking a thread.
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

  /** Writes what is left, but waits no longer than a second. Safe to call twice. */
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
      // There is nowhere to report it: this is where reports go.
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
      // Called when it and everything before it is written, or has failed.
      stream.write('', settle);
    });
  }
}
