import { expect } from 'vitest';
import { type Attack, Campaign, type Plan } from '#test/support/fuzz/campaign.js';
import { FuzzedNode } from '#test/support/fuzz/node.js';
import { Pulse } from '#test/support/fuzz/pulse.js';

/** How much more of the heap, and of buffers outside, may be in use at the end than at the half. */
const GROWTH_MB = 6;

/** Fuzzes a node with one transport. Expects it to serve others throughout, and to hold nothing afterwards. */
export async function expectToSurvive(name: 'websocket' | 'http', plan: Plan, attack: Attack): Promise<void> {
  const node = await FuzzedNode.start();
  const pulse = new Pulse(node.server);
  const campaign = new Campaign(name, plan, node, attack, pulse);
  try {
    await node.serves();
    await node.atRest();
    if (plan.only !== undefined) {
      await node.servesDuring(campaign.again(plan.only));
    } else {
      await node.servesDuring(campaign.until(plan.inputs / 2));
      expect(campaign.problems).toEqual([]);
      const half = await node.atRest();
      await node.servesDuring(campaign.until(plan.inputs));
      const end = await node.atRest();
      expect((end.heapUsed - half.heapUsed) / 2 ** 20).toBeLessThan(GROWTH_MB);
      expect((end.external - half.external) / 2 ** 20).toBeLessThan(GROWTH_MB);
    }
    expect(campaign.problems).toEqual([]);
    await node.atRest();
    await node.answersAreFree();
    await node.connectionsAreFree();
    await node.serves();
    expect(node.newFaults()).toEqual([]);
    expect(await node.metric('streamly_refusals_total{code="INTERNAL_SERVER_ERROR"}')).toBe(0);
  } catch (error) {
    // What was found before is more telling than how the node answered after it.
    expect(campaign.problems).toEqual([]);
    throw error;
  } finally {
    await pulse.stop();
    await node.close();
  }
}
