/** Distinct selections, each of which costs an execution per message: who may add how many, on each transport. */
import type { FormattedExecutionResult } from 'graphql';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { EventStream } from '#test/support/clients/event-stream.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { say } from '#test/support/say.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

// The address of the client is what X-Forwarded-For says, so that a test can come from several.
const used = useServer({ TRUST_PROXY: 1, SELECTIONS_PER_ADDRESS: 10 });

/** A subscription, and what it has received. */
interface Followed {
  results: FormattedExecutionResult[];
  leave(): void;
}

/** Opens a subscription: WebSockets of one client share a connection, streams have one each. */
type Client = (query: string) => Promise<Followed>;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function webSocketClient(server: TestServer): Promise<Client> {
  const socket = await RawSocket.ready(server);
  cleanups.push(() => socket.crash());
  const results = new Map<string, FormattedExecutionResult[]>();
  const read = async (): Promise<never> => {
    for (;;) {
      const { type, id, payload } = await socket.next();
      if (type === 'next') results.get(id!)?.push(payload as FormattedExecutionResult);
    }
  };
  read().catch(() => undefined);
  return async (query) => {
    const id = String(results.size);
    const followed = { results: [], leave: () => socket.send({ id, type: 'complete' }) };
    results.set(id, followed.results);
    socket.subscribe(id, { query });
    return followed;
  };
}

async function eventStreamClient(server: TestServer, address = '192.0.2.1'): Promise<Client> {
  return async (query) => {
    const stream = await EventStream.open(server, { query }, { 'X-Forwarded-For': address });
    cleanups.push(() => stream.crash());
    const results: FormattedExecutionResult[] = [];
    const read = async () => {
      for (let event = await stream.next(); event?.event === 'next'; event = await stream.next()) {
        results.push(JSON.parse(event.data));
      }
    };
    read().catch(() => undefined);
    return { results, leave: () => stream.crash() };
  };
}

async function multipartClient(server: TestServer): Promise<Client> {
  return async (query) => {
    const given = new AbortController();
    cleanups.push(() => given.abort());
    const response = await fetch(server.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'multipart/mixed;subscriptionSpec="1.0",application/json',
        'X-Forwarded-For': '192.0.2.3',
      },
      body: JSON.stringify({ query }),
      signal: given.signal,
    });
    const results: FormattedExecutionResult[] = [];
    const isSingle = response.headers.get('Content-Type')?.startsWith('application/json');
    const read = async () => {
      let text = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        if (isSingle) continue;
        const parts = text.split('\r\n--graphql');
        text = parts.pop()!;
        for (const part of parts) {
          const { payload } = JSON.parse(part.split('\r\n\r\n')[1] || '{}');
          if (payload) results.push(payload);
        }
      }
      if (isSingle) results.push(JSON.parse(text));
    };
    read().catch(() => undefined);
    return { results, leave: () => given.abort() };
  };
}

/** The next result that has not been taken. */
async function nextOf({ results }: Followed): Promise<FormattedExecutionResult> {
  await until(() => results.length > 0, { what: 'a result' });
  return results.shift()!;
}

const contentAs = (alias: string, roomId: string) =>
  `subscription { messageAdded(roomId: "${roomId}", last: 1) { ${alias}: content } }`;
const refused = (limit: number) => ({
  errors: [{ extensions: { code: 'RATE_LIMITED', limit, retryAfterMs: 1_000 } }],
});
const isRefused = ({ errors }: FormattedExecutionResult) => errors?.[0]?.extensions?.code === 'RATE_LIMITED';

describe.each([
  ['WebSocket', webSocketClient],
  ['server-sent events', eventStreamClient],
  ['multipart', multipartClient],
] as const)('over %s', (transport, clientOf) => {
  test.each([
    ['messageAdded', contentAs],
    [
      'roomUpdated',
      (alias: string, roomId: string) => `subscription { roomUpdated(roomId: "${roomId}") { ${alias}: id } }`,
    ],
    ['serverStats', (alias: string) => `subscription { serverStats { ${alias}: rooms } }`],
  ])('%s refuses the 11th selection, and accepts it when another has ended', async (field, queryOf) => {
    const room = `${field}-${transport.length}`;
    await say(used.server, room, 'zero');
    const client = await clientOf(used.server);
    const followed: Followed[] = [];
    for (let count = 0; count < 10; count += 1) followed.push(await client(queryOf(`a${count}`, room)));
    for (const [index, each] of followed.entries()) {
      expect(await nextOf(each)).toMatchObject({ data: { [field]: { [`a${index}`]: expect.anything() } } });
    }
    expect(await nextOf(await client(queryOf('a10', room)))).toMatchObject(refused(10));

    // What the room renders already is never refused, however it is written.
    const shared = await client(queryOf('a0', room).replace('{', '{ ... {').replace(/$/, '}'));
    expect(await nextOf(shared)).toHaveProperty('data');

    if (field === 'messageAdded') {
      await say(used.server, room, 'one');
      for (const [index, each] of [...followed, shared].entries()) {
        expect(await nextOf(each)).toEqual({ data: { messageAdded: { [`a${index % 10}`]: 'one' } } });
      }
    }

    followed[1]!.leave();
    // The server notices later that a stream has been closed.
    await until(async () => !isRefused(await nextOf(await client(queryOf('a10', room)))), {
      what: 'the 11th selection',
    });
    expect(await nextOf(await client(queryOf('a11', room)))).toMatchObject(refused(10));
  });
});

test('a client uses its selections in as many rooms as it likes', async () => {
  const client = await webSocketClient(used.server);
  for (const room of ['many1', 'many2', 'many3']) {
    await say(used.server, room, 'zero');
    for (let count = 0; count < 10; count += 1) {
      expect(await nextOf(await client(contentAs(`m${count}`, room)))).toHaveProperty('data');
    }
  }
  expect(await nextOf(await client(contentAs('other', 'many3')))).toMatchObject(refused(10));
});

test('a closed connection frees its selections', async () => {
  const room = 'closing';
  await say(used.server, room, 'zero');
  const socket = await RawSocket.ready(used.server);
  for (let count = 0; count < 10; count += 1) {
    socket.subscribe(`${count}`, { query: contentAs(`c${count}`, room) });
  }
  await socket.take(10);
  const client = await webSocketClient(used.server);
  expect(await nextOf(await client(contentAs('mine', room)))).toMatchObject(refused(10));
  await socket.close();
  await until(async () => !isRefused(await nextOf(await client(contentAs('mine', room)))), {
    what: 'a place',
  });
});

test('a room that has too many selections does not limit another room', async () => {
  const server = await startServer({ redisUrl: used.redis.url, SELECTIONS_PER_ROOM: 2 });
  onTestFinished(() => server.close());
  await say(server, 'full', 'zero');
  await say(server, 'free', 'zero');
  const [one, other] = [await webSocketClient(server), await webSocketClient(server)];
  for (const alias of ['a', 'b']) {
    expect(await nextOf(await one(contentAs(alias, 'full')))).toHaveProperty('data');
  }
  expect(await nextOf(await other(contentAs('c', 'full')))).toMatchObject(refused(2));
  expect(await nextOf(await other(contentAs('a', 'full')))).toHaveProperty('data');
  expect(await nextOf(await other(contentAs('c', 'free')))).toHaveProperty('data');
});

describe('1,000 selections on 10 sockets', () => {
  /** The number of times that messages have been executed for a selection. */
  async function executions(server: TestServer): Promise<number> {
    const text = await (await fetch(`${server.origin}/metrics`)).text();
    return Number(/^streamly_flush_messages_count (\d+)$/m.exec(text)![1]);
  }

  test('cost at most as many executions per message as an address may have', async () => {
    const server = await startServer({ redisUrl: used.redis.url, TRUST_PROXY: 1, LOG_LEVEL: 'silent' });
    onTestFinished(() => server.close());
    await say(server, 'attacked', 'zero');
    const victim = await (await eventStreamClient(server))(contentAs('victim', 'attacked'));
    await nextOf(victim);

    let accepted = 0;
    let refusals = 0;
    for (let socket = 0; socket < 10; socket += 1) {
      const attacker = await webSocketClient(server);
      const subscriptions: Followed[] = [];
      for (let count = 0; count < 100; count += 1) {
        subscriptions.push(await attacker(contentAs(`x${socket}_${count}`, 'attacked')));
      }
      for (const subscription of subscriptions) {
        if (isRefused(await nextOf(subscription))) refusals += 1;
        else accepted += 1;
      }
    }
    expect({ accepted, refusals }).toEqual({ accepted: 100, refusals: 900 });

    const before = await executions(server);
    await say(server, 'attacked', 'one');
    expect(await nextOf(victim)).toEqual({ data: { messageAdded: { victim: 'one' } } });
    await until(async () => (await executions(server)) === before + 101, { what: 'all executions' });

    // Another address is not affected.
    const newcomer = await (await eventStreamClient(server, '192.0.2.9'))(contentAs('new', 'attacked'));
    expect(await nextOf(newcomer)).toEqual({ data: { messageAdded: { new: 'one' } } });
  });
});

test('an address follows as many rooms as it may, and any that another one follows', async () => {
  const server = await startServer({ redisUrl: used.redis.url, TRUST_PROXY: 1, TOPICS_PER_ADDRESS: 2 });
  onTestFinished(() => server.close());
  const queryOf = (room: string) => `subscription { roomUpdated(roomId: "${room}") { id } }`;
  const [mine, other] = await Promise.all(
    ['192.0.2.1', '192.0.2.9'].map((address) => eventStreamClient(server, address)),
  );
  const first = await mine!(queryOf('one'));
  await mine!(queryOf('two'));
  expect(await nextOf(await mine!(queryOf('three')))).toMatchObject(refused(2));
  expect(await nextOf(await other!(queryOf('three')))).toHaveProperty('data');
  expect(await nextOf(await mine!(queryOf('three')))).toHaveProperty('data');
  first.leave();
  // The server notices later that a stream has been closed.
  await until(async () => !isRefused(await nextOf(await mine!(queryOf('four')))), { what: 'a fourth room' });
});
