import type { Duplex } from 'node:stream';
import type { RawData } from 'ws';

/** The connection that an inbox belongs to. */
export interface InboxOwner {
  readonly socket: Duplex;
  readonly webSocket: { pause(): void; resume(): void };
  readonly isOpen: boolean;
  /** Queries and mutations that may be executed at once. 0 means no limit. */
  readonly mostExecutions: number;
  handle(data: RawData): void;
  whenDrained(callback: () => void, step: 'messages'): void;
}

/**
 * Hands a connection's messages on, in order, while the connection is not busy. Otherwise the WebSocket is paused, and
 * what ws had already read waits. All messages of one read arrive before anything is answered, so it is not enough
 * to look at what is unread: executions count, too.
 */
export class Inbox {
  /** Messages that wait. While there is a list, the WebSocket is paused. */
  #held: RawData[] | undefined;
  #waitsForDrain = false;
  /** Queries and mutations that are being executed, even if they were cancelled. */
  #executing = 0;
  /** Ends a pause, during which nothing is handled. */
  #pause: NodeJS.Timeout | undefined;

  constructor(private readonly owner: InboxOwner) {}

  deliver(data: RawData): void {
    if (!this.owner.isOpen) return;
    if (this.#held !== undefined) {
      this.#held.push(data);
    } else if (this.#isBusy) {
      this.#hold([data]);
    } else {
      this.owner.handle(data);
      if (this.#held === undefined && this.#isBusy && this.owner.isOpen) this.#hold([]);
    }
  }

  /** Handles no more messages for so many milliseconds. */
  pause(ms: number): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#release();
    }, ms).unref();
    if (this.#held === undefined) this.#hold([]);
  }

  executionBegan(): void {
    this.#executing += 1;
  }

  executionEnded(): void {
    this.#executing -= 1;
    this.#release();
  }

  /** Forgets what waits. */
  clear(): void {
    clearTimeout(this.#pause);
    this.#held = undefined;
  }

  /** Whether nothing more may begin: the client has to read first, or its queries and mutations have to end. */
  get #isBusy(): boolean {
    const { socket, mostExecutions } = this.owner;
    if (this.#pause !== undefined) return true;
    return socket.writableNeedDrain || (mostExecutions > 0 && this.#executing >= mostExecutions);
  }

  #hold(held: RawData[]): void {
    this.#held = held;
    this.owner.webSocket.pause();
    this.#waitForDrain();
  }

  #waitForDrain(): void {
    if (!this.owner.socket.writableNeedDrain || this.#waitsForDrain) return;
    this.#waitsForDrain = true;
    this.owner.whenDrained(() => {
      this.#waitsForDrain = false;
      this.#release();
    }, 'messages');
  }

  #release(): void {
    if (!this.owner.isOpen || this.#held === undefined) return;
    const held = this.#held;
    let handled = 0;
    while (handled < held.length && !this.#isBusy) {
      this.owner.handle(held[handled]!);
      handled += 1;
      if (!this.owner.isOpen) return;
    }
    if (this.#isBusy) {
      this.#held = held.slice(handled);
      this.#waitForDrain();
    } else {
      this.#held = undefined;
      this.owner.webSocket.resume();
    }
  }
}
