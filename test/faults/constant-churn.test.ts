import { expect, test } from 'vitest';
import { churnCheck } from '#test/support/churn-check.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

test(
  'clients that keep dropping receive exactly what was sent while pub/sub is killed repeatedly',
  HEAVY,
  async () => {
    const site = await startSite({ nodes: 2 });
    const options = {
      clients: 20,
      messages: 3_000,
      perSecond: 1_000,
      killEveryMs: 200,
      dropEvery: 400,
      seed: 4,
    };
    const { viewers, counts, drops, kills } = await churnCheck(site, options);
    report('constant churn', counts, { viewers, drops, kills });
    expect(counts).toEqual(nothingLost(3_001, 3_001 * viewers));
    expect(viewers).toBe(24);
    expect(drops).toBeGreaterThan(viewers);
  },
);
