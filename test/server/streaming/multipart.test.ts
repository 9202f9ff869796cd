/** Apollo's multipart subscriptions over HTTP: the real Apollo Client, and the bytes on the wire. */
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { CombinedProtocolErrors } from '@apollo/client/errors';
import { afterEach, describe, expect, test } from 'vitest';
import { run } from '#test/support/clients/http.js';
import { ConnectionCount, MessageAdded, SendMessage } from '#test/support/documents.js';
import { startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ HEARTBEAT_MS: 100 });
const ACCEPT = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json';
const FOLLOW = 'subscription ($after: ID) { messageAdded(roomId: "bytes", after: $after) { content } }';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function apollo(uri: string): ApolloClient {
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri }) });
  cleanups.push(() => client.stop());
  return client;
}

/** Subscribes to a room with Apollo Client. */
function follow(client: ApolloClient, variables: { roomId: string; after?: string; last?: number }) {
  const received: string[] = [];
  const errors: unknown[] = [];
  const end = { isComplete: false };
  const subscription = client.subscribe({ query: MessageAdded, variables }).subscribe({
    next: ({ data, error }) => {
      if (data) received.push(data.messageAdded.content);
      if (error) errors.push(error);
    },
    error: (error) => errors.push(error),
    complete: () => {
      end.isComplete = true;
    },
  });
  cleanups.push(() => subscription.unsubscribe());
  return { received, errors, end, leave: () => subscription.unsubscribe() };
}

const say = (roomId: string, content: string, server = used.server) =>
  run(server, SendMessage, { input: { roomId, content } });

const viewersOf = async (roomId: string) =>
  (await run(used.server, ConnectionCount, { roomId })).connectionCount;

/** Reads the parts of a response as they arrive. */
async function open(variables: object, server = used.server) {
  const given = new AbortController();
  cleanups.push(() => given.abort());
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: ACCEPT },
    body: JSON.stringify({ query: FOLLOW, variables }),
    signal: given.signal,
  });
  const read = { text: '' };
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of response.body!) read.text += decoder.decode(chunk, { stream: true });
  })().catch(() => undefined);
  return { response, read };
}

const part = (body: string) => `\r\nContent-Type: application/json\r\n\r\n${body}\r\n--graphql`;

describe('Apollo Client with only its HttpLink', () => {
  test("receives a room's history, then new messages at once", async () => {
    await say('apollo', 'one');
    const { received, errors } = follow(apollo(used.server.url), { roomId: 'apollo', last: 10 });
    await until(() => received.length === 1, { what: 'the history' });
    await say('apollo', 'two');
    await until(() => received.length === 2, { what: 'the new message' });
    expect(received).toEqual(['one', 'two']);
    expect(errors).toEqual([]);
  });

  test('counts as a connection until it leaves', async () => {
    const { leave } = follow(apollo(used.server.url), { roomId: 'leaving' });
    await until(async () => (await viewersOf('leaving')) === 1, { what: 'the viewer' });
    leave();
    await until(async () => (await viewersOf('leaving')) === 0, { what: 'the viewer to be gone' });
  });

  test('gets the error code if its cursor has expired', async () => {
    const { errors } = follow(apollo(used.server.url), { roomId: 'expired', after: '1-0' });
    await until(() => errors.length > 0, { what: 'the refusal' });
    expect(errors[0]).toMatchObject({ errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] });
  });

  test('reports a server that closes as a transport error', async () => {
    const server = await startServer({ redisUrl: used.redis.url });
    const { received, errors, end } = follow(apollo(server.url), { roomId: 'going' });
    await until(async () => (await viewersOf('going')) === 1, { what: 'the viewer' });
    await say('going', 'last', server);
    await until(() => received.length === 1, { what: 'the message' });
    await server.close();
    await until(() => errors.length > 0 || end.isComplete, { what: 'the end' });
    for (const error of errors) expect(CombinedProtocolErrors.is(error)).toBe(true);
  });
});

describe('the bytes on the wire', () => {
  test('are parts with payloads, with heartbeats between them', async () => {
    const { response, read } = await open({});
    expect(response.headers.get('content-type')).toBe(
      'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
    );
    await until(() => read.text.includes(part('{}')), { what: 'a heartbeat' });
    await say('bytes', 'hello');
    const payload = part('{"payload":{"data":{"messageAdded":{"content":"hello"}}}}');
    await until(() => read.text.includes(payload), { what: 'the message' });
    expect(read.text.replaceAll(part('{}'), '').replace(payload, '')).toBe('\r\n--graphql');
  });

  test('are the same for all subscriptions with the same selection', async () => {
    const all = await Promise.all([open({}), open({}), open({})]);
    await until(async () => (await viewersOf('bytes')) >= 3, { what: 'the viewers' });
    await say('bytes', 'to all');
    const texts = () => all.map(({ read }) => read.text.replaceAll(part('{}'), ''));
    await until(() => texts().every((text) => text.includes('to all')), { what: 'the message' });
    expect(new Set(texts()).size).toBe(1);
  });

  test('end with the final boundary', async () => {
    const server = await startServer({ redisUrl: used.redis.url });
    const { read } = await open({}, server);
    await until(() => read.text !== '', { what: 'the beginning' });
    await server.close();
    await until(() => read.text.endsWith('\r\n--graphql--\r\n'), { what: 'the end' });
  });

  test('are plain JSON if the operation is refused', async () => {
    const { response } = await open({ after: 'x' });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  });
});
