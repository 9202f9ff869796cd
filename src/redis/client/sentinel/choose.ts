import type { Address } from '#redis/client/address.js';

/** What one Sentinel said last. */
export interface Report extends Address {
  /**
   * The number of the failover that made this server the primary (`config-epoch`). Each failover gets a greater
   * number, and a majority of the Sentinels must agree to it, so a greater number is always the newer decision.
   */
  readonly epoch: number;
  /** When it said so, in milliseconds of any clock. */
  readonly at: number;
  /** The replicas of this server that are up. Empty if they were not asked for. */
  readonly replicas: readonly Address[];
}

/** A Sentinel answers once a second. If it has been silent for longer than this, it may know nothing new. */
const FRESH_MS = 10_000;

/**
 * The primary, as far as these Sentinels know; undefined if none has said anything yet. `reports` has one place for
 * each listed Sentinel.
 *
 * The newest decision wins, even if most Sentinels have not heard of it: a Sentinel that was cut off still names the
 * old primary, and a server that believes it loses what it writes there. For the same reason a silent Sentinel keeps its
 * say while fewer than half of the others answer. If most do answer, only they count: Sentinels that were set up again
 * start from 0.
 */
export function choosePrimary(reports: readonly (Report | undefined)[], now: number): Address | undefined {
  const known = reports.filter((report) => report !== undefined);
  const fresh = known.filter(({ at }) => now - at <= FRESH_MS);
  const counted = fresh.length * 2 > reports.length ? fresh : known;
  const newest = Math.max(...counted.map(({ epoch }) => epoch));
  const candidates = counted.filter(({ epoch }) => epoch === newest);
  const votes = (candidate: Address) => candidates.filter((other) => isSame(candidate, other)).length;
  // Only Sentinels that were set up differently disagree about one epoch. The most frequent answer wins then.
  const [first, ...others] = candidates;
  if (first === undefined) return undefined;
  const { host, port } = others.reduce((best, other) => (votes(other) > votes(best) ? other : best), first);
  return { host, port };
}

/** The replicas of this primary, by the latest report of a Sentinel that names it. */
export function replicasOf(primary: Address, reports: readonly (Report | undefined)[]): readonly Address[] {
  const naming = reports.filter((report) => report !== undefined && isSame(report, primary));
  return (
    naming.reduce((latest, report) => (report!.at > latest!.at ? report : latest), naming[0])?.replicas ?? []
  );
}

/** Whether two addresses are the same. */
export function isSame(one: Address | undefined, other: Address | undefined): boolean {
  return one?.host === other?.host && one?.port === other?.port;
}
