/**
 * A value that changes over time, such as a room's connection count. Subscribers want only its latest state.
 *
 *   tick → read → render once for each distinct selection → if the bytes changed, pump every subscriber
 *
 * There is no log and no cursor. A subscriber whose sink was full receives the latest value once it has drained.
 */
import type { ChatError } from '#domain/errors.js';
import { type Delivery, type Owner, SharedSource } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import type { Render } from '#fanout/projection/framing.js';
import {
  type HeldSelection,
  HeldSelections,
  type SelectionClient,
  type SelectionHolder,
  type SelectionLimit,
} from '#fanout/projection/selection-limit.js';
import { byPopularity } from '#fanout/slices.js';
import { Channel, type ChannelOptions, TopicSubscriber } from './channel.js';

/** Settings of a topic. */
export interface TopicOptions<Value> extends ChannelOptions<Value> {
  name: string;
  /** The topics that subscriptions follow, by name. */
  followed: HeldSelections;
  /** Limits the distinct selections of all rooms and topics. */
  selectionLimit: SelectionLimit;
  /** The last source was released. */
  onEmpty(): void;
}

/** A changing value with its subscribers on this node. */
export class Topic<Value> {
  readonly selections: HeldSelections;
  readonly #channels = new Map<string, Channel<Value>>();
  #holders = 0;

  constructor(private readonly options: TopicOptions<Value>) {
    this.selections = new HeldSelections(options.selectionLimit);
  }

  /** Returns a source for one subscription. The caller must release it. */
  join(): TopicSource<Value> {
    this.#holders += 1;
    return new TopicSource(this, () => {
      this.#holders -= 1;
      if (this.#holders === 0) this.options.onEmpty();
    });
  }

  /** Counts the topic for a subscription. Throws RATE_LIMITED if its client follows too many. */
  follow(holder: SelectionHolder): HeldSelection {
    return this.options.followed.hold(this.options.name, holder);
  }

  /** What must be rendered again now: functions that never reject. */
  *due(): Iterable<() => Promise<void>> {
    for (const channel of byPopularity(this.#channels)) if (channel.isDue) yield () => channel.refresh();
  }

  /** Delivers nothing that was read before now. It is read again when it is due. */
  forget(): void {
    for (const channel of this.#channels.values()) channel.forget();
  }

  /** Ends all subscriptions with an error. */
  refuseAll(reason: ChatError): void {
    for (const channel of [...this.#channels.values()]) channel.refuseAll(reason);
  }

  /** Starts delivery into a sink. See `SharedSource.subscribe`. */
  subscribe(key: string, makeRender: () => Render<Value>, sink: Sink, owner: Owner): Delivery {
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = new Channel(this.options, makeRender(), () => this.#channels.delete(key));
      this.#channels.set(key, channel);
    }
    return new TopicSubscriber(channel, sink, owner);
  }
}

/** A claim on a topic, which keeps it open until released. */
export class TopicSource<Value> extends SharedSource<Value> implements SelectionHolder {
  connectionId = '';
  address = '';
  #topic: Topic<Value> | undefined;
  #followed: HeldSelection | undefined;
  #held: HeldSelection | undefined;

  constructor(
    topic: Topic<Value>,
    private readonly onRelease: () => void,
  ) {
    super();
    this.#topic = topic;
  }

  override hold(key: string, { connectionId, address }: SelectionClient): void {
    this.connectionId = connectionId;
    this.address = address;
    this.#followed = this.#topic?.follow(this);
    this.#held = this.#topic?.selections.hold(key, this);
  }

  override subscribe(key: string, makeRender: () => Render<Value>, sink: Sink, owner: Owner): Delivery {
    if (this.#topic === undefined) throw new Error('This source has been released.');
    return this.#topic.subscribe(key, makeRender, sink, owner);
  }

  override release(): void {
    if (this.#topic === undefined) return;
    this.#topic = undefined;
    this.#held?.release(this);
    this.#followed?.release(this);
    this.#held = this.#followed = undefined;
    this.onRelease();
  }
}
