import { contentOf } from '../load/content.js';
import { historyQuery, messagesQuery } from '../load/graphql.js';
import { HttpClient } from '../load/http.js';
import { isClean, Ledger } from '../load/ledger.js';
import { HOST } from '../measure/server.js';
import { Harness } from './harness.js';
import { isOurs, type Scenario } from './scenario.js';

export interface HistoryFigures {
  readonly last: number;
  readonly joiners: number;
  /** Server CPU per `messageAdded(last:)` on an open connection, including its messages, in microseconds. */
  readonly subscriptionCpuMicros: number;
  /** Server CPU per `messages(last:)` on an open HTTP connection, in microseconds. */
  readonly queryCpuMicros: number;
}

const LIMIT_MS = 120_000;
const CONNECTIONS = 64;

export const history: Scenario<HistoryFigures> = {
  name: 'history',
  title: 'History: joining with the newest messages, compared with a query for them',
  appliesTo: isOurs,
  run(bench, contender) {
    const { joiners, last, warmUp } = bench.sizes.history;
    return Harness.use(bench, contender, async (harness) => {
      for (let index = 0; index < last; index += 1) await harness.send(contentOf(index));
      await subscribeAll(harness, warmUp, last);
      await queryAll(harness, warmUp, last);
      return {
        last,
        joiners,
        subscriptionCpuMicros: ((await subscribeAll(harness, joiners, last)) * 1e6) / joiners,
        queryCpuMicros: ((await queryAll(harness, joiners, last)) * 1e6) / joiners,
      };
    });
  },
};

/**
 * Connects this many clients, then subscribes all at once with history. Returns the server's CPU seconds for
 * the subscribing.
 */
async function subscribeAll(harness: Harness, clients: number, last: number): Promise<number> {
  const ledger = new Ledger(true);
  const variables = { roomId: harness.roomId, last };
  const operation = () => ({ query: historyQuery, variables });
  const group = await harness.openClients(clients, { ledger, operation, hold: true });
  await harness.waitUntilIdle();
  const cpu = harness.cpuMeter();
  group.subscribe();
  const delivered = await group.until(clients * last, LIMIT_MS);
  await harness.waitUntilIdle();
  const seconds = cpu();
  const verdict = ledger.verdict(group.sample, 0, last);
  const isRight = delivered && isClean(verdict) && group.eachGot(last);
  group.close();
  await harness.waitUntilIdle();
  if (!isRight) {
    throw new Error(
      `${group.delivered} of ${clients * last}. ${group.faults.join('; ')} ${JSON.stringify(verdict)}`,
    );
  }
  return seconds;
}

/** Runs `joiners` queries over keep-alive connections. Returns the server's CPU seconds. */
async function queryAll(harness: Harness, joiners: number, last: number): Promise<number> {
  const body = JSON.stringify({ query: messagesQuery, variables: { roomId: harness.roomId, last } });
  const clients = Array.from({ length: CONNECTIONS }, () => new HttpClient(HOST, harness.measured.port));
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
    await harness.waitUntilIdle();
    const cpu = harness.cpuMeter();
    await Promise.all(clients.map(keepAsking));
    await harness.waitUntilIdle();
    return cpu();
  } finally {
    for (const client of clients) client.close();
  }
}
