/** The response to an operation, depending on its Accept header. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { say } from '#test/support/say.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();

/** Sends an operation with this Accept header, or without one. */
async function send(query: string, accept: string | undefined): Promise<Response> {
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  // An empty header means the same as no header, which fetch cannot send.
  const headers = { 'Content-Type': 'application/json', Accept: accept ?? '' };
  const body = JSON.stringify({ query });
  return fetch(used.server.url, { method: 'POST', headers, body, signal: gone.signal });
}

describe('a subscription', () => {
  const query = 'subscription { messageAdded(roomId: "accept", last: 1) { content } }';

  test.each([
    [undefined, 'text/event-stream'],
    ['*/*', 'text/event-stream'],
    ['text/*', 'text/event-stream'],
    ['TEXT/EVENT-STREAM', 'text/event-stream'],
    ['application/json, */*;q=0.5', 'text/event-stream'],
    ['text/event-stream;q=0.5, multipart/mixed;subscriptionSpec=1.0', 'multipart/mixed'],
    ['multipart/mixed;subscriptionSpec="1.0";q=0.5, text/event-stream', 'text/event-stream'],
    ['application/json, multipart/mixed; SUBSCRIPTIONSPEC=1.0', 'multipart/mixed'],
  ])('with Accept: %s is a live stream of type %s', async (accept, type) => {
    await say(used.server, 'accept', 'live');
    const response = await send(query, accept);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('"content":"live"')) text += (await reader.read()).value;
    expect(text).not.toContain('complete');
  });

  test.each([
    'application/json',
    'application/graphql-response+json',
    'text/event-stream;q=0, application/json',
  ])('with Accept: %s is refused with 406 and a reason', async (accept) => {
    const response = await send(query, accept);
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });
});

describe('a query', () => {
  test.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
    ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
    ['application/json, text/event-stream, multipart/mixed', 'application/json'],
    ['text/event-stream, application/json;q=0.1', 'text/event-stream'],
  ])('with Accept: %s is answered as %s', async (accept, type) => {
    const response = await send('{ __typename }', accept);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    expect(await response.text()).toContain('{"data":{"__typename":"Query"}}');
  });
});

test('a mutation whose answer the client does not accept is not executed', async () => {
  const response = await send(
    'mutation { sendMessage(input: { roomId: "unacceptable", content: "x" }) { id } }',
    'image/png',
  );
  expect(response.status).toBe(406);
  expect(await used.redis.cli('EXISTS', 'messages:unacceptable')).toBe('0');
});
