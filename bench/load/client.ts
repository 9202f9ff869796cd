import { DATA_BYTES } from './frames.js';
import type { Delivery, Protocol, Subscription } from './protocol.js';
import { LoadSocket } from './socket.js';

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly subscription: Subscription;
  /** A read buffer that all clients share. */
  readonly buffer: Buffer;
}

export interface ClientHandlers {
  /** Called once, when the connection is ready to subscribe. */
  ready(): void;
  /** Called for each data frame that was counted and skipped. */
  counted(): void;
  /** Called for each data frame that was read. `delivery` is undefined if the frame is not a message. */
  read(delivery: Delivery | undefined, text: string): void;
  /** Called for a frame that the protocol does not expect at this point. */
  unexpected(text: string): void;
  /** Called once when the connection has closed, including after `close()`. */
  closed(reason: string): void;
}

/** One client of a contender. Performs the protocol's handshake, subscribes, and answers keep-alives. */
export class Client {
  readonly subscription: Subscription;
  readonly #protocol: Protocol;
  readonly #handlers: ClientHandlers;
  readonly #socket: LoadSocket;
  #isReady = false;

  constructor({ host, port, protocol, subscription, buffer }: ClientOptions, handlers: ClientHandlers) {
    this.subscription = subscription;
    this.#protocol = protocol;
    this.#handlers = handlers;
    const { subprotocol } = protocol;
    this.#socket = new LoadSocket(
      { host, port, path: protocol.upgradePath(subscription), subprotocol, buffer },
      {
        upgraded: () => {
          this.#send(protocol.opening(subscription));
          if (!protocol.isReady) this.#ready();
        },
        counted: () => handlers.counted(),
        text: (payload) => this.#text(payload),
        closed: (reason) => handlers.closed(reason),
      },
    );
  }

  /** Whether data frames are read (`true`, the initial value) or only counted. */
  set reads(reads: boolean) {
    this.#socket.inspect = reads;
  }

  /** Subscribes. Does nothing if the protocol subscribes with the upgrade. */
  subscribe(): void {
    this.#send(this.#protocol.subscribe(this.subscription));
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
    const answer = this.#protocol.answer(text, this.subscription);
    if (answer !== undefined) this.#send(answer);
    else if (!this.#isReady && this.#protocol.isReady?.(text)) this.#ready();
    else this.#handlers.unexpected(text);
  }

  #send(text: string | undefined): void {
    if (text !== undefined) this.#socket.send(text);
  }
}
