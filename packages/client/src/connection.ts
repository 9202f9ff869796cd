import type { Client } from 'graphql-ws';

/** Receives the state changes of a connection. */
export interface ConnectionListener {
  connecting?(): void;
  connected?(): void;
  /** The connection was lost, which interrupts every operation on it. */
  dropped?(cause: unknown): void;
}

/**
 * Watches the connection of a graphql-ws client while there are listeners.
 *
 * It also ends connections that graphql-ws would keep: one that does not answer a ping (if the client sends
 * them, see its option `keepAlive`), and one that does not open within `connectTimeoutMs`, if that is set.
 */
export class Connection {
  readonly #client: Client;
  readonly #pongTimeoutMs: number;
  readonly #connectTimeoutMs: number | undefined;
  readonly #listeners = new Set<ConnectionListener>();
  #unwatch: (() => void)[] = [];
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(client: Client, pongTimeoutMs: number, connectTimeoutMs: number | undefined) {
    this.#client = client;
    this.#pongTimeoutMs = pongTimeoutMs;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** Whether the most recent event says that the connection is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Adds a listener. Returns a function that removes it, which is safe to call twice. */
  listen(listener: ConnectionListener): () => void {
    const listeners = this.#listeners;
    if (listeners.size === 0) this.#watch();
    listeners.add(listener);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#clearDeadline();
      for (const unwatch of this.#unwatch) unwatch();
    };
  }

  #watch(): void {
    const client = this.#client;
    const dropped = (cause: unknown) => {
      this.#closed = true;
      this.#clearDeadline();
      this.#emit((listener) => listener.dropped?.(cause));
    };
    this.#closed = false;
    this.#unwatch = [
      client.on('connecting', () => {
        this.#setDeadline(this.#connectTimeoutMs);
        this.#emit((listener) => listener.connecting?.());
      }),
      // From here on pings show whether it is alive. The server may take its time to accept connectionParams.
      client.on('opened', () => this.#clearDeadline()),
      client.on('connected', () => {
        this.#closed = false;
        this.#emit((listener) => listener.connected?.());
      }),
      client.on('error', dropped),
      client.on('closed', dropped),
      client.on('ping', (received) => {
        if (!received) this.#setDeadline(this.#pongTimeoutMs);
      }),
      client.on('pong', (received) => {
        if (received) this.#clearDeadline();
      }),
    ];
  }

  /** Ends the connection after this time, unless the deadline is cleared before. */
  #setDeadline(ms: number | undefined): void {
    if (ms === undefined) return;
    this.#deadline ??= setTimeout(() => {
      this.#deadline = undefined;
      this.#client.terminate();
    }, ms);
  }

  #clearDeadline(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #emit(notify: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) notify(listener);
  }
}
