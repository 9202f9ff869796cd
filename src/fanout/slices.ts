import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long one slice may hold the event loop before others get a turn. */
const SLICE_MS = 5;

/** Pumps every receiver, in slices, so that pings and requests get their turn in between. */
export async function pumpAll(receivers: Iterable<{ pump(): void }>): Promise<void> {
  let turnEnds = performance.now() + SLICE_MS;
  for (const receiver of receivers) {
    receiver.pump();
    if (performance.now() < turnEnds) continue;
    await nextTurn();
    turnEnds = performance.now() + SLICE_MS;
  }
}
