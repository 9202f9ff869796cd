import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long one slice may hold the event loop before others get a turn. */
const SLICE_MS = 5;

/** Visits each of many, in slices, so that pings and requests get their turn in between. */
export async function inSlices<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let turnEnds = performance.now() + SLICE_MS;
  for (const item of items) {
    visit(item);
    if (performance.now() < turnEnds) continue;
    await nextTurn();
    turnEnds = performance.now() + SLICE_MS;
  }
}

/** Pumps every receiver, in slices. */
export function pumpAll(receivers: Iterable<{ pump(): void }>): Promise<void> {
  return inSlices(receivers, (receiver) => receiver.pump());
}
