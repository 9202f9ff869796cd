import { type Address, addressText, type NatMap } from '#redis/client/address.js';
import { Shard, type ShardOptions } from './shard.js';
import { SLOT_COUNT, type SlotMap } from './slot-map.js';

/** What changed in the topology: the shards of some slots, or the connections of a shard. */
export type TopologyEvent =
  | { readonly kind: 'map' }
  /** All connections of a member are up, for the first time since it became one, or again. */
  | { readonly kind: 'connected'; readonly shard: Shard }
  | { readonly kind: 'subscriber ready' | 'subscriber lost' | 'subscriber moved'; readonly shard: Shard };

/** A node without slots is closed after this time without use, in milliseconds, but never while a command may be under way. */
const IDLE_MS = 10_000;

/** The latest slot map, and a shard with connections for each primary in it. */
export class Topology {
  #map: SlotMap | undefined;
  readonly #shards = new Map<string, Shard>();
  /** The shard of each slot. */
  #owners: (Shard | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  /** Members whose connections are all up. */
  readonly #connected = new Set<Shard>();
  readonly #listeners = new Set<(event: TopologyEvent) => void>();
  readonly #closing = new Set<Promise<void>>();
  readonly #idleMs: number;
  #closed = false;

  constructor(
    private readonly options: ShardOptions,
    readonly natMap: NatMap = new Map(),
  ) {
    this.#idleMs = Math.max(IDLE_MS, 3 * (options.commandTimeoutMs ?? 2_000));
  }

  /** Undefined until a node of the Cluster has answered. */
  get map(): SlotMap | undefined {
    return this.#map;
  }

  /** The shards of the map. */
  get members(): Shard[] {
    return [...this.#shards.values()].filter(({ phase }) => phase === 'member');
  }

  /** The shard that has a slot. Undefined if nobody has it. */
  ownerOf(slot: number): Shard | undefined {
    return this.#owners[slot];
  }

  /** The shard at an address. Starts connecting to it if it is new. */
  shardAt(address: Address): Shard {
    const name = addressText(address);
    let shard = this.#shards.get(name);
    if (shard === undefined) {
      shard = new Shard(address, this.options);
      this.#shards.set(name, shard);
      this.#watch(shard);
      // Opened while the topology was closing: nobody else will close it.
      if (this.#closed) this.#drop(shard);
    }
    shard.usedAt = performance.now();
    return shard;
  }

  /** Adopts a map: connects to new primaries, and makes guests of those that have lost all slots. */
  adopt(map: SlotMap): void {
    if (this.#closed) return;
    const isKnown = map.isLike(this.#map);
    this.#map = map;
    if (isKnown) return;
    for (const address of map.primaries.values()) this.shardAt(address).phase = 'member';
    for (const [name, shard] of this.#shards) {
      if (shard.phase !== 'member' || map.primaries.has(name)) continue;
      shard.phase = 'guest';
      shard.usedAt = performance.now();
      this.#connected.delete(shard);
    }
    this.#owners = map.owners.map((name) => (name === undefined ? undefined : this.#shards.get(name)));
    this.#emit({ kind: 'map' });
    for (const shard of this.members) this.#noteConnected(shard);
  }

  /** Notes what a shard answered with MOVED. Returns the shard that has the slot now. */
  moved(slot: number, to: Address): Shard {
    if (this.#map) this.adopt(this.#map.moved(slot, to));
    return this.shardAt(to);
  }

  /** Closes guests that have not been used for a while. */
  closeIdle(): void {
    const before = performance.now() - this.#idleMs;
    for (const shard of this.#shards.values()) {
      if (shard.phase === 'guest' && shard.usedAt < before) this.#drop(shard);
    }
  }

  /** Calls the listener with each event. Returns a function that stops this. */
  onEvent(listener: (event: TopologyEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Closes all connections. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const shard of this.#shards.values()) this.#drop(shard);
    await Promise.all(this.#closing);
  }

  #drop(shard: Shard): void {
    this.#shards.delete(shard.name);
    this.#connected.delete(shard);
    const closing = shard.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #watch(shard: Shard): void {
    for (const client of shard.clients) {
      client.on('ready', () => this.#noteConnected(shard));
      client.on('close', () => this.#connected.delete(shard));
    }
    const { subscriber } = shard;
    subscriber.on('ready', () => this.#emit({ kind: 'subscriber ready', shard }));
    subscriber.on('close', () => this.#emit({ kind: 'subscriber lost', shard }));
    // ioredis emits this if SSUBSCRIBE is answered with MOVED, and if Redis ends subscriptions because a slot moved.
    subscriber.on('moved', () => this.#emit({ kind: 'subscriber moved', shard }));
  }

  #noteConnected(shard: Shard): void {
    if (shard.phase !== 'member' || !shard.isConnected || this.#connected.has(shard)) return;
    this.#connected.add(shard);
    this.#emit({ kind: 'connected', shard });
  }

  #emit(event: TopologyEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
