import type { Client } from 'graphql-ws';

/** Who wants to know of a connection's state. */
export interface ConnectionListener {
  connecting?(): void;
  connected?(): void;
  /** Every operation on the connection is interrupted. */
  dropped?(cause: unknown): void;
}

/**
 * Watches the connection of a graphql-ws client, for as long as anybody listens. Where the client sends
 * pings (its option `keepAlive`), it also ends a connection that no longer answers them, which the client
 * itself does not: a network that goes away without a word leaves it open for ever. Where it is told how long,
 * it also ends one that does not open.
 */
export class Connection {
  readonly #listeners = new Set<ConnectionListener>();
  #unlisten: (() => void)[] = [];
  #answer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    private readonly client: Client,
    private readonly pongTimeoutMs: number,
    private readonly connectTimeoutMs: number | undefined,
  ) {}

  /** Whether the connection is known to be closed: the last thing that was heard of it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Listens until the returned function is called; that may be twice. */
  listen(listener: ConnectionListener): () => void {
    if (this.#listeners.size === 0) this.#watch();
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#unwatch();
    };
  }

  #watch(): void {
    const { client } = this;
    this.#closed = false;
    this.#unlisten = [
      client.on('connecting', () => {
        if (this.connectTimeoutMs !== undefined) this.#expectAnswer(this.connectTimeoutMs);
        this.#tell((listener) => listener.connecting?.());
      }),
      // From here on pings show whether it is alive, and what it is opened with may take its time.
      client.on('opened', () => this.#stopWaiting()),
      client.on('connected', () => {
        this.#closed = false;
        this.#tell((listener) => listener.connected?.());
      }),
      client.on('error', (cause) => this.#dropped(cause)),
      client.on('closed', (cause) => this.#dropped(cause)),
      client.on('ping', (received) => {
        if (!received) this.#expectAnswer(this.pongTimeoutMs);
      }),
      client.on('pong', (received) => {
        if (received) this.#stopWaiting();
      }),
    ];
  }

  #unwatch(): void {
    this.#stopWaiting();
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
  }

  #dropped(cause: unknown): void {
    this.#closed = true;
    this.#stopWaiting();
    this.#tell((listener) => listener.dropped?.(cause));
  }

  #expectAnswer(withinMs: number): void {
    this.#answer ??= setTimeout(() => {
      this.#answer = undefined;
      this.client.terminate();
    }, withinMs);
  }

  #stopWaiting(): void {
    clearTimeout(this.#answer);
    this.#answer = undefined;
  }

  #tell(what: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) what(listener);
  }
}
