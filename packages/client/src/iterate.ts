import type { Sink } from 'graphql-ws';

/** A source of results for a sink. If it can be paused, a slow consumer pauses it. */
export interface Source {
  end(): void;
  /** Pauses the source if that is possible now. Returns whether it did. */
  pause?(): boolean;
  unpause?(): void;
}

/** How many results may wait for the consumer before the source is paused. */
const HIGH_WATER = 1_000;

/**
 * Iterates over the results of a source. The source is opened immediately. `return`, which leaving a `for
 * await` loop calls, ends it. There may be only one consumer, with one `next` at a time.
 */
export function iterateResults<T>(open: (sink: Sink<T>) => Source): AsyncIterableIterator<T> {
  const waiting: T[] = [];
  let ending: { error?: unknown } | undefined;
  let paused = false;
  let wake: (() => void) | undefined;
  const finish = (how: { error?: unknown }) => {
    ending ??= how;
    wake?.();
  };
  const source = open({
    next: (value) => {
      waiting.push(value);
      if (waiting.length >= HIGH_WATER) paused ||= source.pause?.() ?? false;
      wake?.();
    },
    error: (error) => finish({ error }),
    complete: () => finish({}),
  });

  return {
    async next() {
      for (;;) {
        if (waiting.length > 0) return { done: false, value: waiting.shift()! };
        if (ending !== undefined) break;
        if (paused) {
          paused = false;
          source.unpause?.();
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (!('error' in ending)) return { done: true, value: undefined };
      // Throw the error once. After that the iteration is simply done.
      const { error } = ending;
      ending = {};
      throw error;
    },
    async return() {
      waiting.length = 0;
      finish({});
      source.end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
