import type { ServerStatsSubscription } from '../generated/graphql.js';

/** The server's load in one second. */
export type Stats = ServerStatsSubscription['serverStats'];

/** How many seconds are shown. */
export const SHOWN = 120;

/** How long after the last values the server counts as away, in milliseconds. */
export const AWAY_MS = 3_000;

/** The last seconds, oldest first. Null for seconds in which the server was away. */
export type Seconds = readonly (Stats | null)[];

/** Appends a second, after a null for each second in which the server was away. */
export function withSecond(known: Seconds, second: Stats): Seconds {
  const passed = Date.parse(second.at) - Date.parse(known.at(-1)?.at ?? second.at);
  const missing = passed > AWAY_MS ? Math.min(Math.round(passed / 1_000) - 1, SHOWN) : 0;
  return [...known, ...Array.from({ length: missing }, () => null), second].slice(-SHOWN);
}
