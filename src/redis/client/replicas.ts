import type { Redis } from 'ioredis';
import { type Address, addressText } from './address.js';
import type { RedisHooks } from './hooks.js';
import { end, reportErrors } from './lifecycle.js';

/** How long a replica is left alone after a failure, in milliseconds, so that only few reads meet one that hangs. */
const REST_MS = 1_000;

/** What `Replicas` needs to connect. */
export interface ReplicaConnections {
  /** Starts connecting to a replica. */
  open(address: Address): Redis;
  /** How long pending commands may take when a connection is closed, in milliseconds. */
  closeWithinMs: number;
  hooks: RedisHooks;
}

/** A replica, over one connection, which reconnects until it is closed. It may be behind its primary. */
export class Replica {
  #restsUntil = Number.NEGATIVE_INFINITY;
  #lastFailure: string | undefined;

  constructor(
    readonly name: string,
    readonly redis: Redis,
    private readonly hooks: RedisHooks,
  ) {
    reportErrors(`replica ${name}`, redis, {
      ...hooks,
      onReconnected: () => hooks.onReconnected?.('replica'),
    });
  }

  /** Whether it is connected and has not failed just now. */
  get isUsable(): boolean {
    return this.redis.status === 'ready' && performance.now() >= this.#restsUntil;
  }

  /** It answered. */
  answered(): void {
    this.#lastFailure = undefined;
  }

  /** It could not be read. It is left alone for a second. The same failure is reported once until it answers. */
  failed(error: Error): void {
    this.#restsUntil = performance.now() + REST_MS;
    // A reply begins with its code. What follows may be different each time, as in MOVED.
    const failure = error.message.split(' ', 1)[0];
    if (failure !== this.#lastFailure) this.hooks.onError?.(`replica ${this.name}`, error);
    this.#lastFailure = failure;
  }
}

/** The replicas of some primaries, with one connection to each replica. */
export class Replicas {
  readonly #replicas = new Map<string, Replica>();
  /** The names of the replicas of each primary. */
  #groups: ReadonlyMap<string, readonly string[]> = new Map();
  readonly #closing = new Set<Promise<void>>();
  #turn = 0;
  #closed = false;

  constructor(private readonly connections: ReplicaConnections) {}

  /** The number of connections. */
  get size(): number {
    return this.#replicas.size;
  }

  /** Connects to replicas that are new, and closes the connections to those that are not listed any more. */
  adopt(listed: ReadonlyMap<string, readonly Address[]>): void {
    if (this.#closed) return;
    const addresses = new Map([...listed.values()].flat().map((address) => [addressText(address), address]));
    this.#groups = new Map([...listed].map(([primary, group]) => [primary, group.map(addressText)]));
    for (const name of this.#replicas.keys()) if (!addresses.has(name)) this.#drop(name);
    for (const [name, address] of addresses) {
      if (this.#replicas.has(name)) continue;
      const { open, hooks } = this.connections;
      this.#replicas.set(name, new Replica(name, open(address), hooks));
    }
  }

  /** A replica of this primary, each of them in turn. Undefined if none is usable. */
  next(primary: string): Replica | undefined {
    const group = this.#groups.get(primary) ?? [];
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    for (let step = 0; step < group.length; step += 1) {
      const replica = this.#replicas.get(group[(this.#turn + step) % group.length]!);
      if (replica?.isUsable) return replica;
    }
    return undefined;
  }

  /** Closes all connections. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const name of [...this.#replicas.keys()]) this.#drop(name);
    await Promise.all(this.#closing);
  }

  #drop(name: string): void {
    const { redis } = this.#replicas.get(name)!;
    this.#replicas.delete(name);
    const closing = end(redis, this.connections.closeWithinMs).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
