import type { Contender } from '../contenders/contender.js';
import { aliasedQuery, aliasOf } from '../load/graphql.js';
import { type Bench, Harness } from './harness.js';
import type { Scenario } from './scenario.js';
import { Traffic } from './traffic.js';

export interface SelectionsFigures {
  /** Server CPU per message to the whole room, by the number of distinct selections in it. */
  readonly points: readonly { readonly distinct: number; readonly cpuMicrosPerMessage: number }[];
}

const WARM_UP_MESSAGES = 20;

export const selections: Scenario<SelectionsFigures> = {
  name: 'selections',
  title: 'Selections: one room, many different queries',
  appliesTo: ({ name }) => name === 'ours' || name === 'graphql-ws',
  async run(bench, contender) {
    const points: { distinct: number; cpuMicrosPerMessage: number }[] = [];
    for (const distinct of bench.sizes.selections.distinct) {
      points.push({ distinct, cpuMicrosPerMessage: await measure(bench, contender, distinct) });
    }
    return { points };
  },
};

function measure(bench: Bench, contender: Contender, distinct: number): Promise<number> {
  const { subscribers, messages, perSecond, graceMs } = bench.sizes.selections;
  return Harness.use(bench, contender, async (harness) => {
    const variables = { roomId: harness.roomId };
    const operation = (index: number) => {
      const contentField = aliasOf(index % distinct);
      return { query: aliasedQuery(contentField), variables, contentField };
    };
    const traffic = await Traffic.start(harness, subscribers, { operation });
    await traffic.sendPaced(perSecond, WARM_UP_MESSAGES);
    await traffic.waitForDelivery(graceMs);
    await harness.waitUntilIdle();
    const cpu = harness.cpuMeter();
    await traffic.sendPaced(perSecond, messages);
    await traffic.waitForDelivery(graceMs);
    const micros = (cpu() * 1e6) / messages;
    traffic.finish();
    return micros;
  });
}
