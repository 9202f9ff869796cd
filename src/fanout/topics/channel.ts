import { createHash } from 'node:crypto';
import type { ChatError } from '#domain/errors.js';
import type { Delivery, Owner } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import type { Framing, Render } from '#fanout/projection/framing.js';
import { pumpAll } from '#fanout/slices.js';

/** Settings of a channel, which are those of its topic. */
export interface ChannelOptions<Value> {
  /** Reads the current value. Anything asynchronous is left to the resolvers of the selection. */
  read(): Value;
  /** Minimum milliseconds between two broadcasts. */
  everyMs: number;
  /** Reading or rendering failed. It is tried again at the next tick. */
  onTrouble(error: unknown): void;
}

/** One distinct selection on a topic: its latest bytes and its subscribers. */
export class Channel<Value> {
  readonly #subscribers = new Set<TopicSubscriber>();
  /** The latest value, framed for each transport that has subscribers. By key of the framing. */
  readonly #frames = new Map<string, unknown>();
  /** The latest value. Undefined until it was read, and while it has to be read again. */
  #payload: Buffer | undefined;
  /** The digest of the latest value, if it has to be read again. If it is still the same, nobody needs it twice. */
  #forgotten: string | undefined;
  /** How often values were forgotten. A value that was being read meanwhile is not used. */
  #forgets = 0;
  #version = 0;
  #refreshing = false;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly options: ChannelOptions<Value>,
    private readonly render: Render<Value>,
    private readonly onEmpty: () => void,
  ) {}

  /** The number of subscribers. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Increases with each value that is broadcast. */
  get version(): number {
    return this.#version;
  }

  add(subscriber: TopicSubscriber): void {
    this.#subscribers.add(subscriber);
    if (this.#payload === undefined && this.isDue) this.refresh().catch(this.options.onTrouble);
  }

  remove(subscriber: TopicSubscriber): void {
    if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) this.onEmpty();
  }

  refuseAll(reason: ChatError): void {
    for (const subscriber of [...this.#subscribers]) subscriber.refuse(reason);
  }

  /** Whether the value may be broadcast again. */
  get isDue(): boolean {
    return !this.#refreshing && performance.now() - this.#refreshedAt >= this.options.everyMs;
  }

  forget(): void {
    this.#forgets += 1;
    if (this.#payload !== undefined) this.#forgotten = digestOf(this.#payload);
    this.#payload = undefined;
    this.#frames.clear();
    for (const subscriber of this.#subscribers) subscriber.takeBack();
  }

  /** Whether there is a value to deliver. */
  get isKnown(): boolean {
    return this.#payload !== undefined;
  }

  /** Reads the value again and delivers it if the result has changed. Never rejects. */
  async refresh(): Promise<void> {
    this.#refreshing = true;
    this.#refreshedAt = performance.now();
    await this.#renderAndBroadcast()
      .catch(this.options.onTrouble)
      .finally(() => {
        this.#refreshing = false;
      });
  }

  frames<Frames>(framing: Framing<Frames>): Frames {
    let frames = this.#frames.get(framing.key) as Frames | undefined;
    if (frames === undefined) {
      frames = framing.encode([this.#payload!]);
      this.#frames.set(framing.key, frames);
    }
    return frames;
  }

  async #renderAndBroadcast(): Promise<void> {
    let payload: Buffer;
    let forgets: number;
    do {
      forgets = this.#forgets;
      payload = await this.render(this.options.read());
    } while (forgets !== this.#forgets);
    if (this.#payload?.equals(payload)) return;
    const isSame = this.#forgotten === digestOf(payload);
    this.#forgotten = undefined;
    this.#payload = payload;
    if (!isSame) this.#version += 1;
    this.#frames.clear();
    await pumpAll(this.#subscribers);
  }
}

/** The part of a channel that a subscriber uses. */
type SubscribedChannel = Pick<Channel<unknown>, 'version' | 'isKnown' | 'frames' | 'add' | 'remove'>;

/** Delivers the latest value of a channel into the sink of one subscription. */
export class TopicSubscriber implements Delivery {
  /** The version of the channel that was delivered last. */
  #deliveredVersion = 0;
  #waiting = false;
  #ended = false;

  constructor(
    private readonly channel: SubscribedChannel,
    private readonly sink: Sink,
    private readonly owner: Owner,
  ) {
    channel.add(this);
  }

  pump(): void {
    const { version, isKnown } = this.channel;
    if (this.#ended || this.#waiting || !isKnown || this.#deliveredVersion === version) return;
    if (this.sink.full) {
      this.#waiting = true;
      this.sink.whenDrained(() => {
        this.#waiting = false;
        this.pump();
      });
      return;
    }
    this.#deliveredVersion = version;
    this.sink.write(this.channel.frames(this.sink.framing));
  }

  /** Takes back what the sink has not passed on. */
  takeBack(): void {
    if (this.sink.takeBack?.() !== undefined) this.#deliveredVersion = 0;
  }

  end(): void {
    this.#ended = true;
    this.channel.remove(this);
  }

  refuse(reason: ChatError): void {
    if (this.#ended) return;
    this.end();
    this.owner.refused(reason);
  }
}

function digestOf(payload: Buffer): string {
  return createHash('sha256').update(payload).digest('base64');
}
