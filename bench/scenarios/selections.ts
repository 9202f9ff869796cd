import type { Contender } from '../contenders/contender.js';
import { aliasedQuery, aliasOf } from '../load/graphql.js';
import type { Scenario } from './scenario.js';
import { type Bench, Stage } from './stage.js';
import { Talk } from './talk.js';

export interface SelectionsFigures {
  /** The server's CPU for one message to the whole room, by how many distinct selections it has. */
  readonly points: readonly { readonly distinct: number; readonly cpuMicrosPerMessage: number }[];
}

const WARM = 20;

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
  return Stage.use(bench, contender, async (stage) => {
    const variables = { roomId: stage.roomId };
    const operation = (index: number) => {
      const contentField = aliasOf(index % distinct);
      return { query: aliasedQuery(contentField), variables, contentField };
    };
    const talk = await Talk.begin(stage, subscribers, { operation });
    await talk.paced(perSecond, WARM);
    await talk.delivered(graceMs);
    await stage.rest();
    const cpu = stage.cpuMeter();
    await talk.paced(perSecond, messages);
    await talk.delivered(graceMs);
    const micros = (cpu() * 1e6) / messages;
    talk.end();
    return micros;
  });
}
