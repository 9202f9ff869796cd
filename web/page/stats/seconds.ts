import type { ServerStatsSubscription } from '../generated/graphql.js';

/** What the server was doing in one second. */
export type Stats = ServerStatsSubscription['serverStats'];

/** Seconds that are shown. */
export const SHOWN = 120;

/** How long nothing may come before the server counts as away, in milliseconds. */
export const AWAY_MS = 3_000;

/** The last seconds, the newest last; null for those in which the server was away. */
export type Seconds = readonly (Stats | null)[];

/** The seconds with one more, and with those that are missing before it where the server was away. */
export function withSecond(known: Seconds, second: Stats): Seconds {
  const passed = Date.parse(second.at) - Date.parse(known.at(-1)?.at ?? second.at);
  const missing = passed > AWAY_MS ? Math.min(Math.round(passed / 1_000) - 1, SHOWN) : 0;
  return [...known, ...Array.from({ length: missing }, () => null), second].slice(-SHOWN);
}
