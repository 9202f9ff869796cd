import calculateSlot from 'cluster-key-slot';
import type { Redis } from 'ioredis';
import { ShardAwayError } from '#redis/client/errors.js';
import type { Channels } from '#redis/client/servers.js';
import { route } from './route.js';
import type { Shard } from './shard.js';
import { subscribedChannels } from './subscribed-channels.js';
import type { Topology, TopologyEvent } from './topology.js';

/**
 * - `placing`: SSUBSCRIBE is under way.
 * - `placed`: Redis has acknowledged it, and nothing happened since then that ends the subscription.
 * - `lost`: the connection is gone, or the slot belongs to another shard. The owner of the subscription is told as soon
 *   as the shard that has the slot is connected, and again until it subscribes.
 */
type Phase = 'placing' | 'placed' | 'lost';

interface Subscription {
  readonly channel: string;
  readonly slot: number;
  phase: Phase;
  /** The shard that SSUBSCRIBE was last sent to. */
  shard?: Shard;
}

type MessageListener = (channel: string, text: string) => void;
type LossListener = (isLost: (channel: string) => boolean) => void;

/** Sharded pub/sub: the subscriber of each shard has the channels of its slots. */
export class ShardedChannels implements Channels {
  readonly publishCommand = 'SPUBLISH';
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #messageListeners = new Set<MessageListener>();
  readonly #lossListeners = new Set<LossListener>();
  /** Subscribers whose messages are listened to. */
  readonly #heard = new WeakSet<Redis>();
  /** Shards whose subscriptions are to be compared in this turn of the event loop. */
  readonly #doubtful = new Set<Shard>();
  readonly #stop: () => void;

  constructor(
    private readonly topology: Topology,
    /** Called if a shard says that a slot has moved. */
    private readonly onMoved: () => void,
  ) {
    this.#stop = topology.onEvent((event) => this.#handle(event));
  }

  isConnected(channel: string): boolean {
    return isUp(this.topology.ownerOf(calculateSlot(channel)));
  }

  async subscribe(channel: string): Promise<void> {
    const known = this.#subscriptions.get(channel);
    const subscription: Subscription = known ?? { channel, slot: calculateSlot(channel), phase: 'placing' };
    subscription.phase = 'placing';
    this.#subscriptions.set(channel, subscription);
    try {
      await route(
        this.topology,
        subscription.slot,
        (shard) => this.#place(subscription, shard),
        this.onMoved,
      );
    } catch (error) {
      if (subscription.phase === 'placing') subscription.phase = 'lost';
      throw error;
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    const subscription = this.#subscriptions.get(channel);
    this.#subscriptions.delete(channel);
    if (subscription?.shard) await removeFrom(subscription.shard, channel);
  }

  onMessage(listener: MessageListener): () => void {
    this.#messageListeners.add(listener);
    return () => void this.#messageListeners.delete(listener);
  }

  onLost(listener: LossListener): () => void {
    this.#lossListeners.add(listener);
    return () => void this.#lossListeners.delete(listener);
  }

  reconnect(channel: string): void {
    this.#subscriptions.get(channel)?.shard?.subscriber.disconnect(true);
  }

  /** Tells the listeners which channels are lost and can be subscribed to now. */
  announceLost(): void {
    const lost = new Set<string>();
    for (const { phase, slot, channel } of this.#subscriptions.values()) {
      if (phase === 'lost' && isUp(this.topology.ownerOf(slot))) lost.add(channel);
    }
    if (lost.size === 0) return;
    for (const listener of [...this.#lossListeners]) listener((channel) => lost.has(channel));
  }

  /** Stops listening to the shards. Safe to call twice. */
  close(): void {
    this.#stop();
  }

  /** Subscribes on a shard. One channel a command, because Redis refuses channels of different slots (CROSSSLOT). */
  async #place(subscription: Subscription, shard: Shard): Promise<void> {
    const { channel } = subscription;
    const isCurrent = () => this.#subscriptions.get(channel) === subscription;
    if (!isCurrent()) throw new ShardAwayError('The subscription has ended.');
    const before = subscription.shard;
    subscription.shard = shard;
    // If both shards believe that they have the slot, only one of them may deliver.
    if (before && before !== shard) removeFrom(before, channel).catch(() => undefined);
    this.#listenTo(shard);
    await shard.subscriber.ssubscribe(channel);
    if (!isCurrent()) return;
    // The slot may have moved while the answer was under way.
    subscription.phase = this.#isMisplaced(subscription) ? 'lost' : 'placed';
  }

  #listenTo({ subscriber }: Shard): void {
    if (this.#heard.has(subscriber)) return;
    this.#heard.add(subscriber);
    subscriber.on('smessage', (channel: string, text: string) => {
      for (const listener of this.#messageListeners) listener(channel, text);
    });
  }

  #handle(event: TopologyEvent): void {
    switch (event.kind) {
      case 'map':
        this.#lose((subscription) => this.#isMisplaced(subscription));
        this.announceLost();
        break;
      case 'subscriber lost':
        this.#lose(({ shard }) => shard === event.shard);
        break;
      case 'subscriber ready':
        this.announceLost();
        break;
      case 'subscriber moved':
        this.#doubt(event.shard);
        break;
    }
  }

  /**
   * Finds the channels that Redis has unsubscribed on its own. Only after this turn, in which the answers to SSUBSCRIBE
   * that came before are handled.
   */
  #doubt(shard: Shard): void {
    if (this.#doubtful.size === 0) setImmediate(() => this.#compare());
    this.#doubtful.add(shard);
  }

  #compare(): void {
    for (const shard of this.#doubtful) {
      const subscribed = subscribedChannels(shard.subscriber);
      this.#lose((subscription) => subscription.shard === shard && !subscribed.has(subscription.channel));
    }
    this.#doubtful.clear();
    this.announceLost();
  }

  #lose(isLost: (subscription: Subscription) => boolean): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.phase === 'placed' && isLost(subscription)) subscription.phase = 'lost';
    }
  }

  /** Whether the slot belongs to another shard. If nobody has it, Redis unsubscribes the channel by itself. */
  #isMisplaced({ slot, shard }: Subscription): boolean {
    const owner = this.topology.ownerOf(slot);
    return owner !== undefined && owner !== shard;
  }
}

function isUp(shard: Shard | undefined): boolean {
  return shard?.subscriber.status === 'ready';
}

/** Unsubscribes on a shard. A lost connection and a slot that has moved have ended the subscription already. */
async function removeFrom(shard: Shard, channel: string): Promise<void> {
  if (!isUp(shard)) return;
  try {
    await shard.subscriber.sunsubscribe(channel);
  } catch (error) {
    if (!isUp(shard) || (error instanceof Error && error.message.startsWith('MOVED '))) return;
    throw error;
  }
}
