import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds that a slice may occupy the event loop. */
const SLICE_MS = 5;

/** Visits many items in slices, so that the event loop can handle pings and requests in between. */
export async function inSlices<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let turnEnds = performance.now() + SLICE_MS;
  for (const item of items) {
    visit(item);
    if (performance.now() < turnEnds) continue;
    await nextTurn();
    turnEnds = performance.now() + SLICE_MS;
  }
}

/**
 * Visits many items, at most `atOnce` at a time, and in slices. What a visit allocates can then be freed before the
 * next ones begin. `visit` must not reject.
 */
export async function atMost<T>(
  atOnce: number,
  items: Iterable<T>,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let turnEnds = performance.now() + SLICE_MS;
  const visitNext = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) {
      await visit(next.value);
      if (performance.now() < turnEnds) continue;
      await nextTurn();
      turnEnds = performance.now() + SLICE_MS;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, visitNext));
}

/** Pumps every receiver, in slices. */
export function pumpAll(receivers: Iterable<{ pump(): void }>): Promise<void> {
  return inSlices(receivers, (receiver) => receiver.pump());
}

/**
 * The values of a map, those with more subscribers first, and older ones first among equals. Many selections that
 * few subscribe to must not delay the one that the crowd subscribes to.
 */
export function byPopularity<T extends { readonly size: number }>(
  items: ReadonlyMap<string, T>,
): Iterable<T> {
  return items.size < 2 ? items.values() : [...items.values()].sort((a, b) => b.size - a.size);
}
