import type { Sink } from 'graphql-ws';

/** Something that fills a sink. Where it can be paused, a consumer that is slow pauses it. */
export interface Source {
  end(): void;
  /** Returns whether it has stopped for now. */
  pause?(): boolean;
  unpause?(): void;
}

/** Results that wait to be taken, at most, of a source that can be paused. */
const HIGH_WATER = 1_000;

/**
 * Iterates over what a source tells its sink. The source is opened at once, and ended by `return`, as by
 * leaving a `for await` loop. It is for one consumer, who asks for one result at a time.
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
      // Told once; after that it is just at its end.
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
