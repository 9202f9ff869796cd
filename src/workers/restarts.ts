/** What the primary process does when a worker has ended. */

/**
 * - `starting`: not every worker has accepted connections yet
 * - `running`: each has, once
 * - `stopping`: the server shuts down
 */
export type Phase = 'starting' | 'running' | 'stopping';

/** How a worker ended. */
export interface Death {
  phase: Phase;
  /** Whether it had accepted connections. */
  wasReady: boolean;
  /** How long its process lived, in milliseconds. */
  livedMs: number;
  /** How many workers with its number have died young in a row, without this one. */
  youngDeaths: number;
}

export type Reaction =
  | { readonly kind: 'ignore' }
  /** The server cannot start. */
  | { readonly kind: 'give up' }
  | { readonly kind: 'replace'; readonly afterMs: number; readonly youngDeaths: number };

/** A worker that dies before this age died young, in milliseconds. */
const YOUNG_MS = 10_000;

/** The wait after the second young death in a row, which doubles with each further one, up to the longest. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Decides what to do. A worker that dies is replaced at once; if its replacements die young too, each waits longer. While
 * the server starts, a worker that cannot start ends it: a setting is probably wrong, and trying again would not help.
 */
export function reactionTo({ phase, wasReady, livedMs, youngDeaths }: Death): Reaction {
  if (phase === 'stopping') return { kind: 'ignore' };
  if (phase === 'starting' && !wasReady) return { kind: 'give up' };
  const isYoung = livedMs < YOUNG_MS || !wasReady;
  if (!isYoung) return { kind: 'replace', afterMs: 0, youngDeaths: 0 };
  const afterMs = youngDeaths === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (youngDeaths - 1), LONGEST_WAIT_MS);
  return { kind: 'replace', afterMs, youngDeaths: youngDeaths + 1 };
}
