import { onTestFinished } from 'vitest';
import type { Counts } from '#test/support/ledger.js';
import { Site, type SiteOptions } from '#test/support/site.js';

/** For tests that are quick on an idle machine but may take long on a busy one. */
export const HEAVY = { timeout: 120_000 };

/** Starts a site that is closed when the test ends. */
export async function startSite(options?: SiteOptions): Promise<Site> {
  const site = await Site.start(options);
  onTestFinished(() => site.close());
  return site;
}

/** The counts of a run that kept every promise. */
export function nothingLost(sent: number, received: number): Counts {
  return { sent, received, lost: 0, duplicated: 0, outOfOrder: 0, unknown: 0 };
}

/** Prints the result of a run. */
export function report(what: string, counts: Counts, more: Record<string, unknown> = {}): void {
  const figures = Object.entries({ ...counts, ...more }).map(([name, value]) => `${name} ${value}`);
  console.log(`${what}: ${figures.join(', ')}`);
}
