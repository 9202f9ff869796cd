import type { Redis } from 'ioredis';
import { type Address, addressText } from '#redis/client/address.js';
import { type ConnectOptions, connectRedis } from '#redis/client/connections.js';
import { type ModeWatch, watchMode } from '#redis/client/mode.js';

/** How to connect to every node of a Cluster. */
export type ShardOptions = Omit<ConnectOptions, 'url' | 'mode'> & {
  username?: string | undefined;
  password?: string | undefined;
  /** Whether to use TLS. */
  secure?: boolean;
};

/**
 * - `guest`: has no slots in the map. It was named by the settings or by a redirection, or its slots have moved away.
 *   It is closed once it has not been used for a while.
 * - `member`: has slots.
 * - `closed`
 */
export type ShardPhase = 'guest' | 'member' | 'closed';

/** The connections to one node of a Cluster, usually the primary of a shard. They reconnect until closed. */
export class Shard {
  phase: ShardPhase = 'guest';
  /** When the node was last used, in milliseconds of the monotonic clock. */
  usedAt = performance.now();
  readonly name: string;
  readonly commands: Redis;
  readonly writer: Redis;
  readonly subscriber: Redis;
  readonly mode: ModeWatch;
  /** Settles when the first attempt to connect has succeeded or failed. Never rejects. */
  readonly attempted: Promise<unknown>;
  /** Why the node could not be reached or asked last time. Undefined if it answered. */
  lastError: Error | undefined;
  /** Whether the node was ever connected. */
  wasConnected = false;
  readonly #close: () => Promise<void>;

  constructor(
    readonly address: Address,
    options: ShardOptions,
  ) {
    this.name = addressText(address);
    const { commandTimeoutMs = 2_000, hooks } = options;
    const connections = connectRedis({
      ...options,
      url: urlOf(this.name, options),
      mode: 'cluster',
      hooks: {
        ...hooks,
        onError: (where, error) => {
          if (this.phase !== 'closed') hooks?.onError?.(`${where} of ${this.name}`, error);
        },
      },
    });
    const { commands, writer, subscriber } = connections;
    [this.commands, this.writer, this.subscriber] = [commands, writer, subscriber];
    this.#close = connections.close;
    this.mode = watchMode(commands);
    this.attempted = Promise.race([
      connections.ready(commandTimeoutMs),
      new Promise((resolve) => commands.once('error', resolve)),
    ]);
    commands.on('error', (error: Error) => {
      this.lastError = error;
    });
    commands.on('ready', () => {
      this.lastError = undefined;
      this.wasConnected = true;
    });
  }

  /** The clients, each once. */
  get clients(): Redis[] {
    return [...new Set([this.commands, this.writer, this.subscriber])];
  }

  /** Whether all its connections are up. */
  get isConnected(): boolean {
    return [this.commands, this.writer, this.subscriber].every(({ status }) => status === 'ready');
  }

  /** Closes the connections once the commands under way have been answered or have timed out. Safe to call twice. */
  close(): Promise<void> {
    this.phase = 'closed';
    return this.#close();
  }
}

/** The URL of a node, by its name. */
export function urlOf(name: string, { username = '', password, secure }: ShardOptions): string {
  const login =
    password === undefined ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  return `${secure ? 'rediss' : 'redis'}://${login}${name}`;
}
