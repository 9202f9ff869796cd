/** Subscriptions to the latest values: a room's counts, and the load of the server. */
import { type Client, createClient } from 'graphql-ws';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { run } from '#test/support/clients/http.js';
import { ConnectionCount, SendMessage } from '#test/support/documents.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose()));
});

/** Subscribes over its own connection and records each result with its time. */
function watch<Data>(query: string, server: TestServer = used.server) {
  const client = createClient({ url: server.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  clients.push(client);
  const results: Data[] = [];
  const errors: unknown[] = [];
  const times: number[] = [];
  const end = { isComplete: false };
  client.subscribe<Data>(
    { query },
    {
      next: ({ data, errors: failed }) => {
        times.push(performance.now());
        if (data) results.push(data);
        if (failed) errors.push(...failed);
      },
      error: (error) => errors.push(error),
      complete: () => {
        end.isComplete = true;
      },
    },
  );
  return { results, errors, times, end };
}

const updates = (roomId: string, selection: string, server?: TestServer) =>
  watch<{ roomUpdated: { connectionCount: number; lastMessage: { content: string } | null } }>(
    `subscription { roomUpdated(roomId: "${roomId}") { ${selection} } }`,
    server,
  );
const say = (roomId: string, content: string) =>
  run(used.server, SendMessage, { input: { roomId, content } });

describe('roomUpdated', () => {
  test('sends the room at once, and again when it changes', async () => {
    await say('changing', 'first');
    const { results } = updates('changing', 'id connectionCount lastMessage { content }');
    await until(() => results.length === 1, { what: 'the room' });
    expect(results[0]!.roomUpdated).toMatchObject({ connectionCount: 0, lastMessage: { content: 'first' } });

    await say('changing', 'second');
    await until(() => results.at(-1)!.roomUpdated.lastMessage?.content === 'second', { what: 'the message' });
    watch('subscription { messageAdded(roomId: "changing") { id } }');
    await until(() => results.at(-1)!.roomUpdated.connectionCount === 1, { what: 'the viewer' });
  });

  test('sends at most one value per second, and nothing if nothing changed', async () => {
    const beganAt = performance.now();
    const busy = updates('busy', 'lastMessage { content }');
    const silent = updates('busy', 'id');
    await until(() => busy.results.length === 1 && silent.results.length === 1, { what: 'the room' });
    let sent = 0;
    await until(
      async () => {
        sent += 1;
        await say('busy', `message ${sent}`);
        return busy.results.length >= 4;
      },
      { what: 'four results' },
    );
    await until(() => busy.results.at(-1)!.roomUpdated.lastMessage?.content === `message ${sent}`, {
      what: 'the latest message',
    });
    // Measured from the start, not between results: if one is late, the next one follows sooner.
    for (const [index, time] of busy.times.entries()) {
      expect(time - beganAt).toBeGreaterThanOrEqual(index * 1_000 - 20);
    }
    expect(silent.results).toHaveLength(1);
  });

  test('does not count as a connection to the room', async () => {
    const { results } = updates('watched', 'id');
    await until(() => results.length === 1, { what: 'the room' });
    expect((await run(used.server, ConnectionCount, { roomId: 'watched' })).connectionCount).toBe(0);
  });

  test('refuses an invalid room id', async () => {
    const { errors } = updates('no room', 'id');
    await until(() => errors.length > 0, { what: 'the refusal' });
    expect([errors[0]].flat()).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'roomId' } }]);
  });

  test('is completed when the server closes', async () => {
    const server = await startServer({ redisUrl: used.redis.url });
    const { results, errors, end } = updates('going', 'id', server);
    await until(() => results.length === 1, { what: 'the room' });
    await server.close();
    await until(() => end.isComplete, { what: 'the end' });
    expect(errors).toEqual([]);
  });
});

describe('serverStats', () => {
  test('reports every second how many messages were delivered, to how many viewers and how fast', async () => {
    const { results } = watch<{
      serverStats: Record<string, number> & { delayMs: { median: number } | null };
    }>(
      'subscription { serverStats { at viewers rooms messagesPerSecond deliveriesPerSecond delayMs { median p99 } } }',
    );
    for (let viewer = 0; viewer < 3; viewer += 1)
      watch('subscription { messageAdded(roomId: "load") { id } }');
    await until(() => results.at(-1)?.serverStats.viewers === 3, { what: 'the viewers' });
    const counted = async () => {
      await say('load', 'hello');
      return results.find(({ serverStats }) => serverStats.messagesPerSecond! > 0 && serverStats.delayMs);
    };
    const { serverStats } = (await until(counted, { what: 'a second with messages', interval: 50 }))!;
    expect(serverStats.deliveriesPerSecond).toBeGreaterThan(0);
    expect(serverStats.rooms).toBe(1);
    expect(serverStats.delayMs!.median).toBeGreaterThanOrEqual(0);
  });
});
