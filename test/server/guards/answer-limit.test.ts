/** How many operations of one address may be under way at once, over HTTP and WebSocket together. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AnswerLimit, limitAnswers } from '#server/guards/answer-limit.js';
import { EventStream } from '#test/support/clients/event-stream.js';
import { post } from '#test/support/clients/http.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { startRedis } from '#test/support/redis-server.js';
import { spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

describe('over HTTP', () => {
  const used = useServer({ ANSWERS_PER_ADDRESS: 3 });
  const request = (query: string, accept = 'application/json') => {
    const body = JSON.stringify({ query });
    return `POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };

  test('refuses those beyond the limit with 429 and RATE_LIMITED, and forgets those that ended', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.write(request('{ activeRooms { id } }').repeat(8));
    await until(() => connection.received.split('HTTP/1.1 ').length === 9, { what: 'eight answers' });
    connection.end();
    const statuses = connection.received.match(/(?<=HTTP\/1.1 )\d+/g);
    expect(statuses).toEqual(['200', '200', '200', '429', '429', '429', '429', '429']);
    expect(connection.received).toMatch(/Retry-After: 1\r\n/);
    expect(connection.received).toMatch(/"code":"RATE_LIMITED","retryAfterMs":1000/);
    expect((await post(used.server, { query: '{ __typename }' })).status).toBe(200);
  });

  test('does not count answers that wait behind a stream, whose bytes are counted instead', async () => {
    const connection = await RawTcp.open(used.server);
    const stream = request('subscription { messageAdded(roomId: "pipeline") { id } }', 'text/event-stream');
    const send =
      'mutation { sendMessage(input: { roomId: "pipeline", author: "Ann", content: "x" }) { id } }';
    // The stream never ends, so the answers behind it are never written.
    await connection.write(stream + request(send).repeat(3));
    await until(async () => (await used.redis.cli('LLEN', 'messages:pipeline')) === '3', {
      what: 'the messages to be stored',
    });
    onTestFinished(() => connection.end());
    await until(async () => (await post(used.server, { query: '{ __typename }' })).status === 200, {
      what: 'an operation to be accepted',
    });
  });

  test('gives back what a client held that leaves in the middle of a body', async () => {
    const half = request('{ __typename }').slice(0, -3);
    const connections = await Promise.all([1, 2, 3].map(() => RawTcp.open(used.server)));
    for (const connection of connections) await connection.write(half);
    await until(async () => (await post(used.server, { query: '{ __typename }' })).status === 429, {
      what: 'the limit to be reached',
    });
    for (const connection of connections) connection.end();
    await until(async () => (await post(used.server, { query: '{ __typename }' })).status === 200, {
      what: 'an operation to be accepted',
    });
  });

  test('does not count streams', async () => {
    const streams: EventStream[] = [];
    const query = 'subscription { messageAdded(roomId: "streams") { id } }';
    for (let count = 0; count < 5; count += 1) streams.push(await EventStream.open(used.server, { query }));
    expect((await post(used.server, { query: '{ __typename }' })).status).toBe(200);
    for (const stream of streams) stream.crash();
  });
});

describe('in all', () => {
  const used = useServer({ ANSWERS_LIMIT: 2 });

  test('refuses those beyond the limit with 503, Retry-After and RATE_LIMITED', async () => {
    const bodies = await Promise.all([1, 2].map(() => RawTcp.open(used.server)));
    for (const connection of bodies) {
      // The body never ends.
      await connection.write(
        'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
      );
    }
    const params = { query: '{ __typename }' };
    await until(async () => (await post(used.server, params)).status === 503, { what: 'a refusal' });
    const { headers, body } = await post(used.server, params);
    expect(headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED', retryAfterMs: 1_000 } }] });
    for (const connection of bodies) connection.end();
    await until(async () => (await post(used.server, params)).status === 200, { what: 'an answer' });
  });
});

test('counts a request until it is executed, even if its client has left', async () => {
  const limit = new AnswerLimit({ perAddress: 1, inAll: 0 });
  let done!: () => void;
  const refused: IncomingMessage[] = [];
  const handler = limitAnswers(() => new Promise<void>((resolve) => (done = resolve)), limit, {
    addressOf: () => 'a',
    refuse: (request) => void refused.push(request),
  });
  const response = Object.assign(new EventEmitter(), { headersSent: false, closed: false });
  const ask = () => handler({ socket: {} } as IncomingMessage, response as unknown as ServerResponse);
  const first = ask();
  response.closed = true;
  response.emit('close');
  await ask();
  expect(refused).toHaveLength(1);
  done();
  await first;
  const second = ask();
  expect(refused).toHaveLength(1);
  done();
  await second;
});

test('answers a request whose body is too large with 413, and does not take it for a fault', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const node = await spawnServer({ redisUrl: redis.url });
  onTestFinished(() => node.close());
  const connection = await RawTcp.open(node);
  const body = `{"query":"${' '.repeat(70_000)}"}`;
  const head =
    'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  await connection.write(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  await connection.until('HTTP/1.1 413');
  connection.end();
  // What the node logs about the request, it logs before it answers the next.
  expect((await post(node, { query: '{ __typename }' })).status).toBe(200);
  expect(node.log.filter(({ level }) => level === 'error')).toEqual([]);
});
