/**
 * A value that changes, of which everyone wants the latest: a room's count, the server's load.
 *
 *   tick → read → render, once for each distinct selection → other bytes than before → pump every viewer
 *
 * Latest wins. There is no log and no cursor: a viewer whose sink is full gets, once it has drained, what is
 * the latest then.
 */
import type { ChatError } from '#domain/errors.js';
import { type Delivery, type Owner, SharedSource } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import type { Framing, Render } from '#fanout/projection/framing.js';
import { pumpAll } from '#fanout/slices.js';

export interface TopicOptions<Value> {
  /** The value as it is now. What is asynchronous in it, the selection's resolvers do. */
  read(): Value;
  /** No two broadcasts come within this time, in milliseconds. */
  everyMs: number;
  /** Something went wrong, and will be tried again. */
  onTrouble(error: unknown): void;
  /** Nobody holds a place any more. */
  onEmpty(): void;
}

export class Topic<Value> {
  readonly #channels = new Map<string, Channel<Value>>();
  #holders = 0;

  constructor(private readonly options: TopicOptions<Value>) {}

  /** Takes a place; whoever gets it releases it. */
  join(): TopicSource<Value> {
    this.#holders += 1;
    return new TopicSource(this, () => {
      this.#holders -= 1;
      if (this.#holders === 0) this.options.onEmpty();
    });
  }

  /** Tells all who watch what has changed. */
  refresh(): void {
    for (const channel of this.#channels.values()) channel.refresh();
  }

  refuseAll(reason: ChatError): void {
    for (const channel of [...this.#channels.values()]) channel.refuseAll(reason);
  }

  subscribe(key: string, makeRender: () => Render<Value>, sink: Sink, owner: Owner): Delivery {
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = new Channel(this.options, makeRender(), () => this.#channels.delete(key));
      this.#channels.set(key, channel);
    }
    return new TopicViewer(channel, sink, owner);
  }
}

/** A place taken in a topic. */
export class TopicSource<Value> extends SharedSource<Value> {
  #topic: Topic<Value> | undefined;

  constructor(
    topic: Topic<Value>,
    private readonly onRelease: () => void,
  ) {
    super();
    this.#topic = topic;
  }

  override subscribe(key: string, makeRender: () => Render<Value>, sink: Sink, owner: Owner): Delivery {
    if (this.#topic === undefined) throw new Error('This place was given back.');
    return this.#topic.subscribe(key, makeRender, sink, owner);
  }

  override release(): void {
    if (this.#topic === undefined) return;
    this.#topic = undefined;
    this.onRelease();
  }
}

/** One distinct selection on a topic: the latest bytes, and who watches them. */
class Channel<Value> {
  readonly #viewers = new Set<TopicViewer>();
  /** The latest value in the frames of each transport that asked for them. */
  readonly #frames = new Map<string, unknown>();
  #payload: Buffer | undefined;
  #version = 0;
  #refreshing = false;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly options: TopicOptions<Value>,
    private readonly render: Render<Value>,
    private readonly onEmpty: () => void,
  ) {}

  /** Counts the values that were broadcast. */
  get version(): number {
    return this.#version;
  }

  add(viewer: TopicViewer): void {
    this.#viewers.add(viewer);
    if (this.#payload === undefined) this.refresh();
  }

  remove(viewer: TopicViewer): void {
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.onEmpty();
  }

  refuseAll(reason: ChatError): void {
    for (const viewer of [...this.#viewers]) viewer.refuse(reason);
  }

  refresh(): void {
    const now = performance.now();
    if (this.#refreshing || now - this.#refreshedAt < this.options.everyMs) return;
    this.#refreshing = true;
    this.#refreshedAt = now;
    this.#renderAndTell()
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

  async #renderAndTell(): Promise<void> {
    const payload = await this.render(this.options.read());
    if (this.#payload?.equals(payload)) return;
    this.#payload = payload;
    this.#version += 1;
    this.#frames.clear();
    await pumpAll(this.#viewers);
  }
}

/** What a viewer knows of its channel. */
type Watched = Pick<Channel<unknown>, 'version' | 'frames' | 'add' | 'remove'>;

/** Someone who watches a topic: what was seen last, and a sink. */
class TopicViewer implements Delivery {
  #seen = 0;
  #waiting = false;
  #ended = false;

  constructor(
    private readonly channel: Watched,
    private readonly sink: Sink,
    private readonly owner: Owner,
  ) {
    channel.add(this);
  }

  pump(): void {
    if (this.#ended || this.#waiting || this.#seen === this.channel.version) return;
    if (this.sink.full) {
      this.#waiting = true;
      this.sink.whenDrained(() => {
        this.#waiting = false;
        this.pump();
      });
      return;
    }
    this.#seen = this.channel.version;
    this.sink.write(this.channel.frames(this.sink.framing));
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
