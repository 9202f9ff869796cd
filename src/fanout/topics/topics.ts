import { serviceUnavailable } from '#domain/errors.js';
import type { SharedSource } from '#fanout/delivery/shared-source.js';
import { HeldSelections, SelectionLimit } from '#fanout/projection/selection-limit.js';
import { atMost } from '#fanout/slices.js';
import { Topic } from './topic.js';

/** Settings of the topics of a node. */
export interface TopicsOptions {
  /** Minimum milliseconds between two broadcasts of a topic. */
  everyMs: number;
  /** Limits the distinct selections of each topic. */
  selectionLimit: SelectionLimit;
  /** Topics that one address may follow, unless others follow them. 0 means no limit. */
  perAddress: number;
  /** Reading or rendering a topic failed. It is tried again. */
  onTrouble(name: string, error: unknown): void;
}

/** Timer ticks per broadcast interval. A broadcast is late by at most one tick, and the time that others take. */
const TICKS_PER_INTERVAL = 4;

/** Selections of topics that are rendered concurrently. */
const RENDERED_TOGETHER = 16;

/** The topics with subscribers on this node. The first subscription opens a topic, and the last one closes it. */
export class Topics {
  readonly #topics = new Map<string, Topic<unknown>>();
  /** By name. Each topic is read and rendered every second, even if all have the same selection. */
  readonly #followed: HeldSelections;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: TopicsOptions) {
    const { perAddress } = options;
    this.#followed = new HeldSelections(
      new SelectionLimit({ perConnection: 0, perAddress, perRoom: 0 }, 'rooms with roomUpdated'),
    );
  }

  /**
   * Subscribes to a topic. Calls with the same name share a topic, so their `read` must be equivalent. The caller
   * must release the source. Throws SERVICE_UNAVAILABLE after `close()`.
   */
  watch<Value>(name: string, read: () => Value): SharedSource<Value> {
    if (this.#closed) throw serviceUnavailable('The server is shutting down.');
    const { everyMs, selectionLimit, onTrouble } = this.options;
    let topic = this.#topics.get(name) as Topic<Value> | undefined;
    if (topic === undefined) {
      topic = new Topic<Value>({
        name,
        followed: this.#followed,
        read,
        everyMs,
        selectionLimit,
        onTrouble: (error) => onTrouble(name, error),
        onEmpty: () => this.#remove(name),
      });
      this.#topics.set(name, topic as Topic<unknown>);
      this.#timer ??= setInterval(() => this.#refresh(), everyMs / TICKS_PER_INTERVAL).unref();
    }
    return topic.join();
  }

  /** Delivers no value of this topic that was read before now. Reads it again when it is due. */
  forget(name: string): void {
    this.#topics.get(name)?.forget();
  }

  /** Ends all subscriptions and refuses new ones. Safe to call twice. */
  close(): void {
    this.#closed = true;
    for (const topic of [...this.#topics.values()]) {
      topic.refuseAll(serviceUnavailable('The server is shutting down.'));
    }
  }

  /** A round may begin while the previous one waits for a slow topic: what is being rendered is not due. */
  #refresh(): void {
    atMost(RENDERED_TOGETHER, this.#due(), (refresh) => refresh()).catch((error: unknown) =>
      this.options.onTrouble('*', error),
    );
  }

  *#due(): Iterable<() => Promise<void>> {
    for (const topic of this.#topics.values()) yield* topic.due();
  }

  #remove(name: string): void {
    this.#topics.delete(name);
    if (this.#topics.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
