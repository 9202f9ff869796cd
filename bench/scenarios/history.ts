import { contentOf } from '../load/content.js';
import { historyQuery, messagesQuery } from '../load/graphql.js';
import { HttpClient } from '../load/http.js';
import { isClean, Ledger } from '../load/ledger.js';
import { HOST } from '../measure/server.js';
import { isOurs, type Scenario } from './scenario.js';
import { Stage } from './stage.js';

export interface HistoryFigures {
  readonly last: number;
  readonly joiners: number;
  /** The server's CPU for one `messageAdded(last:)` on an open connection, its messages included, in microseconds. */
  readonly subscriptionCpuMicros: number;
  /** The server's CPU for one `messages(last:)` on an open HTTP connection, in microseconds. */
  readonly queryCpuMicros: number;
}

const LIMIT_MS = 120_000;
const CONNECTIONS = 64;

export const history: Scenario<HistoryFigures> = {
  name: 'history',
  title: 'History: a join with the newest messages, beside a query for them',
  appliesTo: isOurs,
  run(bench, contender) {
    const { joiners, last, warmUp } = bench.sizes.history;
    return Stage.use(bench, contender, async (stage) => {
      for (let index = 0; index < last; index += 1) await stage.send(contentOf(index));
      await subscribeAll(stage, warmUp, last);
      await queryAll(stage, warmUp, last);
      return {
        last,
        joiners,
        subscriptionCpuMicros: ((await subscribeAll(stage, joiners, last)) * 1e6) / joiners,
        queryCpuMicros: ((await queryAll(stage, joiners, last)) * 1e6) / joiners,
      };
    });
  },
};

/** Seconds of CPU for this many clients, connected before, that all subscribe at once with their history. */
async function subscribeAll(stage: Stage, clients: number, last: number): Promise<number> {
  const ledger = new Ledger(true);
  const variables = { roomId: stage.roomId, last };
  const operation = () => ({ query: historyQuery, variables });
  const crowd = await stage.crowd(clients, { ledger, operation, hold: true });
  await stage.rest();
  const cpu = stage.cpuMeter();
  crowd.subscribe();
  const delivered = await crowd.until(clients * last, LIMIT_MS);
  await stage.rest();
  const seconds = cpu();
  const verdict = ledger.verdict(crowd.sample, 0, last);
  const isRight = delivered && isClean(verdict) && crowd.eachGot(last);
  crowd.close();
  await stage.rest();
  if (!isRight) {
    throw new Error(
      `${crowd.delivered} of ${clients * last}. ${crowd.faults.join('; ')} ${JSON.stringify(verdict)}`,
    );
  }
  return seconds;
}

/** Seconds of CPU for this many queries, by clients that keep their connections. */
async function queryAll(stage: Stage, joiners: number, last: number): Promise<number> {
  const body = JSON.stringify({ query: messagesQuery, variables: { roomId: stage.roomId, last } });
  const clients = Array.from({ length: CONNECTIONS }, () => new HttpClient(HOST, stage.measured.port));
  let asked = 0;
  const keepAsking = async (client: HttpClient): Promise<void> => {
    while (asked < joiners) {
      asked += 1;
      const answer = JSON.parse(await client.post('/graphql', body)) as {
        data?: { messages?: { nodes?: unknown[] } };
      };
      if (answer.data?.messages?.nodes?.length !== last)
        throw new Error(JSON.stringify(answer).slice(0, 300));
    }
  };
  try {
    await stage.rest();
    const cpu = stage.cpuMeter();
    await Promise.all(clients.map(keepAsking));
    await stage.rest();
    return cpu();
  } finally {
    for (const client of clients) client.close();
  }
}
