import type { Counts } from '../../test/support/tally.js';
import type { Course } from './memory.js';

/** What came of a soak. */
export interface Outcome {
  /** How often each fault happened, by its name. */
  happened: ReadonlyMap<string, number>;
  /** What went wrong with a fault itself, such as a node that did not end in good order. */
  failures: readonly string[];
  counts: readonly (Counts & { roomId: string })[];
  /** How often a viewer was told that it cannot go on without a gap: nothing was lost, so never. */
  told: number;
  /** How often each answer came that was no message, by its code. */
  answers: ReadonlyMap<string, number>;
  courses: readonly Course[];
  /** Connections counted in each room. */
  connections: Found<readonly (number | string)[]>;
  /** Connections to Redis. */
  clients: Found<number>;
  /** Channels subscribed to, with everyone there. */
  channels: Found<readonly string[]>;
  /** Those still subscribed to after all had left. */
  channelsLeft: readonly string[];
  /** In words; empty where every promise was kept. */
  broken: readonly string[];
}

/** What was found once all was mended, and what should have been. */
interface Found<T> {
  found: T;
  due: number;
}

const MEGABYTE = 1024 * 1024;

/** How much more the node that is spared may hold at the end than when it was warm. */
const MAY_GROW = 32 * MEGABYTE;

export function brokenPromises(outcome: Omit<Outcome, 'broken'>): string[] {
  const broken = [...outcome.failures];
  for (const { roomId, sent, received, ...bad } of outcome.counts) {
    for (const [what, count] of Object.entries(bad))
      if (count > 0) broken.push(`${roomId}: ${what} ${count}`);
    if (sent === 0 || received === 0) broken.push(`${roomId}: nothing was delivered`);
  }
  if (outcome.told > 0) broken.push(`${outcome.told} times a cursor was refused, though nothing was lost`);
  const { connections, clients, channels, channelsLeft } = outcome;
  if (connections.found.some((count) => count !== connections.due)) {
    broken.push(`connections counted: ${connections.found.join(', ')} in place of ${connections.due} each`);
  }
  if (clients.found !== clients.due)
    broken.push(`Redis clients: ${clients.found} in place of ${clients.due}`);
  if (channels.found.length !== channels.due) broken.push(`channels: ${channels.found.join(' ')}`);
  if (channelsLeft.length > 0) broken.push(`channels left: ${channelsLeft.join(' ')}`);
  const spared = outcome.courses[0]?.samples ?? [];
  const warm = spared[Math.floor(spared.length / 4)]?.held;
  // The last sample was taken after all had left.
  const end = spared.at(-2)?.held;
  if (warm === undefined || end === undefined) broken.push('the memory could not be followed');
  else if (end.heapUsed + end.external > warm.heapUsed + warm.external + MAY_GROW)
    broken.push('the heap grew');
  if (outcome.answers.has('INTERNAL_SERVER_ERROR')) broken.push('something went wrong within a node');
  return broken;
}
