import { DATA_BYTES } from './frames.js';
import type { Delivery, Join, Protocol } from './protocol.js';
import { LoadSocket } from './socket.js';

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly join: Join;
  /** The memory that all clients read into, in turn. */
  readonly buffer: Buffer;
}

export interface ClientHandlers {
  /** The connection is ready to subscribe. Called once. */
  ready(): void;
  /** A data frame has been counted. */
  counted(): void;
  /** A data frame was read; `delivery` is missing where it is something else than a message. */
  read(delivery: Delivery | undefined, text: string): void;
  /** A frame that nobody expects here. */
  unexpected(text: string): void;
  /** The connection is gone. Called once, also after `close()`. */
  gone(reason: string): void;
}

/** One client of one contender: speaks its protocol up to the subscription, and answers what must be answered. */
export class Client {
  readonly join: Join;
  readonly #protocol: Protocol;
  readonly #handlers: ClientHandlers;
  readonly #socket: LoadSocket;
  #isReady = false;

  constructor({ host, port, protocol, join, buffer }: ClientOptions, handlers: ClientHandlers) {
    this.join = join;
    this.#protocol = protocol;
    this.#handlers = handlers;
    const { subprotocol } = protocol;
    this.#socket = new LoadSocket(
      { host, port, path: protocol.upgradePath(join), subprotocol, buffer },
      {
        upgraded: () => {
          this.#send(protocol.opening(join));
          if (!protocol.isReady) this.#ready();
        },
        counted: () => handlers.counted(),
        text: (payload) => this.#text(payload),
        closed: (reason) => handlers.gone(reason),
      },
    );
  }

  /** Whether data frames are read (`true`, as it begins) or only counted. */
  set reads(reads: boolean) {
    this.#socket.inspect = reads;
  }

  /** Subscribes; where the upgrade has done so, there is nothing left to do. */
  subscribe(): void {
    this.#send(this.#protocol.subscribe(this.join));
  }

  close(): void {
    this.#socket.close();
  }

  #ready(): void {
    this.#isReady = true;
    this.#handlers.ready();
  }

  #text(payload: Buffer): void {
    const text = payload.toString();
    if (this.#isReady && payload.length >= DATA_BYTES) {
      this.#handlers.read(this.#protocol.delivery(text), text);
      return;
    }
    const answer = this.#protocol.answer(text, this.join);
    if (answer !== undefined) this.#send(answer);
    else if (!this.#isReady && this.#protocol.isReady?.(text)) this.#ready();
    else this.#handlers.unexpected(text);
  }

  #send(text: string | undefined): void {
    if (text !== undefined) this.#socket.send(text);
  }
}
