import type { Counts } from '../../test/support/ledger.js';
import type { MemorySeries } from './memory.js';

/** The result of a soak test. */
export interface Outcome {
  /** How often each fault happened, by name. */
  happened: ReadonlyMap<string, number>;
  /** Errors while causing a fault, such as a node that did not shut down cleanly. */
  failures: readonly string[];
  counts: readonly (Counts & { roomId: string })[];
  /** How often a viewer got CURSOR_EXPIRED. Must be 0, because nothing was lost. */
  expiredCursors: number;
  /** How often each kind of answer other than a message was received, by code. */
  answers: ReadonlyMap<string, number>;
  memory: readonly MemorySeries[];
  /** The `connectionCount` of each room. */
  connections: Found<readonly (number | string)[]>;
  /** Connections to Redis. */
  clients: Found<number>;
  /** Redis channels with subscribers while all clients are connected. */
  channels: Found<readonly string[]>;
  /** Redis channels that still have subscribers after all clients have left. */
  channelsLeft: readonly string[];
  /** Descriptions of broken promises. Empty if all were kept. */
  broken: readonly string[];
}

/** A value after recovery, and the expected value. */
interface Found<T> {
  found: T;
  expected: number;
}

const MEGABYTE = 1024 * 1024;

/** How much the memory of the first node may grow between warm-up and the end, in bytes. */
const MAY_GROW = 32 * MEGABYTE;

/** Checks a result against the promises. */
export function brokenPromises(outcome: Omit<Outcome, 'broken'>): string[] {
  const broken = [...outcome.failures];
  for (const { roomId, sent, received, ...bad } of outcome.counts) {
    for (const [what, count] of Object.entries(bad))
      if (count > 0) broken.push(`${roomId}: ${what} ${count}`);
    if (sent === 0 || received === 0) broken.push(`${roomId}: no messages were delivered`);
  }
  if (outcome.expiredCursors > 0)
    broken.push(`CURSOR_EXPIRED ${outcome.expiredCursors} times, although nothing was lost`);
  const { connections, clients, channels, channelsLeft } = outcome;
  if (connections.found.some((count) => count !== connections.expected)) {
    broken.push(`connection counts: ${connections.found.join(', ')} instead of ${connections.expected} each`);
  }
  if (clients.found !== clients.expected)
    broken.push(`Redis clients: ${clients.found} instead of ${clients.expected}`);
  if (channels.found.length !== channels.expected) broken.push(`channels: ${channels.found.join(' ')}`);
  if (channelsLeft.length > 0) broken.push(`channels left over: ${channelsLeft.join(' ')}`);
  const samples = outcome.memory[0]?.samples ?? [];
  const warm = samples[Math.floor(samples.length / 4)]?.held;
  // The last sample was taken after all clients had left.
  const end = samples.at(-2)?.held;
  if (warm === undefined || end === undefined)
    broken.push('the memory of the first node could not be sampled');
  else if (end.heapUsed + end.external > warm.heapUsed + warm.external + MAY_GROW)
    broken.push('the heap grew');
  if (outcome.answers.has('INTERNAL_SERVER_ERROR')) broken.push('a node had an internal error');
  return broken;
}
