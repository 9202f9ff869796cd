/** Server-sent events in graphql-sse's distinct connections mode, down to the bytes. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventStream } from '#test/support/clients/event-stream.js';
import { paramsOf } from '#test/support/clients/http.js';
import { ConnectionCount, MessageAdded, SendMessage } from '#test/support/documents.js';
import { say } from '#test/support/say.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ HEARTBEAT_MS: 100 });

async function open(params: object): Promise<EventStream> {
  const stream = await EventStream.open(used.server, params);
  onTestFinished(() => stream.crash());
  return stream;
}

describe('a stream', () => {
  test('has headers that keep proxies from caching or buffering it', async () => {
    const { status, response } = await open(paramsOf(MessageAdded, { roomId: 'headers' }));
    expect(status).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/event-stream\b/),
      'cache-control': expect.stringContaining('no-cache'),
      'x-accel-buffering': 'no',
    });
    expect(response.headers['content-length']).toBeUndefined();
  });

  test('starts at once, even in a silent room, and sends heartbeats', async () => {
    const stream = await open(paramsOf(MessageAdded, { roomId: 'silent' }));
    // Events are read only while a call to `next()` waits for one.
    const next = stream.next();
    await until(() => stream.comments >= 3, { what: 'comments' });
    await say(used.server, 'silent', 'Hello');
    expect((await next)?.event).toBe('next');
  });

  test('has the right bytes on the wire', async () => {
    const response = await fetch(used.server.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { messageAdded(roomId: "wire") { content } }' }),
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    // Search in the whole text, because a comment may follow in the same chunk.
    const readUntil = async (part: string) => {
      while (!text.includes(part)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`The stream ended after ${JSON.stringify(text)}`);
        text += value;
      }
    };
    await readUntil(':\n\n');
    await say(used.server, 'wire', 'one\ntwo');
    await readUntil('}}}\n\n');
    await reader.cancel();
    const [entry] = await used.redis
      .cli('LRANGE', 'messages:wire', '0', '0')
      .then((line) => [JSON.parse(line)]);
    expect(text.replace(/^:\n\n/gm, '')).toBe(
      `id: 0\n\nid: ${entry.id}\nevent: next\ndata: {"data":{"messageAdded":{"content":"one\\ntwo"}}}\n\n`,
    );
  });

  test('delivers the single result of a query or mutation, and completes', async () => {
    const roomId = 'single';
    for (const params of [
      paramsOf(ConnectionCount, { roomId }),
      paramsOf(SendMessage, { input: { roomId, content: 'Hello' } }),
    ]) {
      const stream = await open(params);
      expect((await stream.nextResult()).data).toBeDefined();
      expect(await stream.next()).toMatchObject({ event: 'complete' });
      expect(await stream.next()).toBeUndefined();
    }
  });

  test.each([
    ['a syntax error', { query: 'subscription {' }],
    ['an unknown field', { query: 'subscription { nothing }' }],
    ['an unknown operation', { query: 'query A { __typename }', operationName: 'B' }],
  ])('reports %s, and does not hang', async (_what, params) => {
    const { status, response } = await open(params);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    expect(text).toContain('"errors"');
    expect([200, 400]).toContain(status);
  });
});

describe('GET', () => {
  const get = (query: string, accept: string) =>
    fetch(`${used.server.url}?${new URLSearchParams({ query })}`, { headers: { Accept: accept } });

  test("subscribes to a room, as a browser's EventSource does", async () => {
    const response = await get(
      'subscription { messageAdded(roomId: "get") { content } }',
      'text/event-stream',
    );
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    await until(async () => (await used.redis.cli('SCARD', 'connections:get')) === '1', {
      what: 'the connection to be counted',
    });
    await response.body!.cancel();
    await until(async () => (await used.redis.cli('SCARD', 'connections:get')) === '0', {
      what: 'the connection to be removed',
    });
  });

  test('does not run a mutation', async () => {
    const response = await get(
      'mutation { sendMessage(input: { roomId: "get", content: "x" }) { id } }',
      'text/event-stream',
    );
    await response.text();
    expect(response.status).toBe(405);
    expect(await used.redis.cli('EXISTS', 'messages:get')).toBe('0');
  });
});

describe('a stream that reconnects, as EventSource does', () => {
  const QUERY = 'subscription ($last: Int) { messageAdded(roomId: "again", last: $last) { content } }';

  /** Subscribes to the room by GET, as a browser does, until `count` messages have arrived. */
  async function listen(lastEventId: string | undefined, count: number, variables = {}) {
    const params = new URLSearchParams({ query: QUERY, variables: JSON.stringify(variables) });
    const response = await fetch(`${used.server.url}?${params}`, {
      headers: {
        Accept: 'text/event-stream',
        ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
      },
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const contents = () => [...text.matchAll(/"content":"(.*?)"/g)].map(([, content]) => content);
    const lastId = () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1];
    while (contents().length < count || lastId() === undefined) text += (await reader.read()).value ?? '';
    await reader.cancel();
    return { contents: contents(), lastId: lastId() };
  }

  test('receives missed messages, even if it had received none before', async () => {
    const first = await listen(undefined, 0);
    await say(used.server, 'again', 'm1');
    const second = await listen(first.lastId, 1);
    expect(second.contents).toEqual(['m1']);
    await say(used.server, 'again', 'm2');
    await say(used.server, 'again', 'm3');
    expect((await listen(second.lastId, 2)).contents).toEqual(['m2', 'm3']);
  });

  test('resumes after its last event, whatever the URL asks for', async () => {
    const { lastId } = await listen(undefined, 2, { last: 2 });
    await say(used.server, 'again', 'm4');
    expect((await listen(lastId, 1, { last: 2 })).contents).toEqual(['m4']);
  });

  test('starts as the URL says if the last event id is not a cursor', async () => {
    expect((await listen('nonsense', 1, { last: 1 })).contents).toEqual(['m4']);
  });
});
