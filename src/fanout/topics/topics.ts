import { serviceUnavailable } from '#domain/errors.js';
import type { SharedSource } from '#fanout/delivery/shared-source.js';
import { Topic } from './topic.js';

export interface TopicsOptions {
  /** The least time between two broadcasts of a topic, in milliseconds. */
  everyMs: number;
  /** A topic could not be read; it is tried again. */
  onTrouble(name: string, error: unknown): void;
}

/** A topic's time is kept to a quarter of it. */
const LOOKS = 4;

/** The topics that are watched on this node. One is opened by its first viewer, and forgotten with its last. */
export class Topics {
  readonly #topics = new Map<string, Topic<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: TopicsOptions) {}

  /** Takes a place. What topics of one name read must be the same. */
  watch<Value>(name: string, read: () => Value): SharedSource<Value> {
    if (this.#closed) throw serviceUnavailable('The server is shutting down.');
    const { everyMs, onTrouble } = this.options;
    let topic = this.#topics.get(name) as Topic<Value> | undefined;
    if (topic === undefined) {
      topic = new Topic<Value>({
        read,
        everyMs,
        onTrouble: (error) => onTrouble(name, error),
        onEmpty: () => this.#forget(name),
      });
      this.#topics.set(name, topic as Topic<unknown>);
      this.#timer ??= setInterval(() => this.#refresh(), everyMs / LOOKS).unref();
    }
    return topic.join();
  }

  /** Ends every subscription; afterwards nothing is open, and nobody is taken in. */
  close(): void {
    this.#closed = true;
    for (const topic of [...this.#topics.values()]) {
      topic.refuseAll(serviceUnavailable('The server is shutting down.'));
    }
  }

  #refresh(): void {
    for (const topic of this.#topics.values()) topic.refresh();
  }

  #forget(name: string): void {
    this.#topics.delete(name);
    if (this.#topics.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
