import { onTestFinished } from 'vitest';
import type { Counts } from '#test/support/ledger.js';
import { Site, type SiteOptions } from '#test/support/site.js';

/** For a test that is short on a machine of its own, and may take its time on a busy one. */
export const HEAVY = { timeout: 120_000 };

/** A site for one test, however that ends. */
export async function startSite(options?: SiteOptions): Promise<Site> {
  const site = await Site.start(options);
  onTestFinished(() => site.close());
  return site;
}

/** The counts of a run that kept every promise. */
export function clean(sent: number, received: number): Counts {
  return { sent, received, lost: 0, doubled: 0, outOfOrder: 0, unknown: 0 };
}

/** Says what a run came to, for whoever reads the output. */
export function report(what: string, counts: Counts, more: Record<string, unknown> = {}): void {
  const figures = Object.entries({ ...counts, ...more }).map(([name, value]) => `${name} ${value}`);
  console.log(`${what}: ${figures.join(', ')}`);
}
