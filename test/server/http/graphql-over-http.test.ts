/** GraphQL over HTTP: the official audit suite, and what it does not cover. */
import { serverAudits } from 'graphql-http';
import { describe, expect, test } from 'vitest';
import { paramsOf, post } from '#test/support/clients/http.js';
import { Messages, SendMessage } from '#test/support/documents.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ MESSAGE_BYTES_LIMIT: 8_192 });

const audits = serverAudits({ url: () => used.server.url, fetchFn: fetch });
const required = audits.filter(({ name }) => /^(MUST|SHOULD) /.test(name));
const optional = audits.filter((audit) => !required.includes(audit));

describe('the audits of GraphQL over HTTP', () => {
  test.each(required)('$name ($id)', async (audit) => {
    const result = await audit.fn();
    expect(result, 'reason' in result ? result.reason : '').toMatchObject({ status: 'ok' });
  });

  test('MAY: reports audits that do not pass', async ({ annotate }) => {
    expect(required.length + optional.length).toBeGreaterThan(50);
    for (const audit of optional) {
      const result = await audit.fn();
      if (result.status !== 'ok') await annotate(`${audit.id} ${audit.name}: ${result.reason}`, 'notice');
    }
  });
});

describe('POST', () => {
  test('refuses a body that is too large with 413, and sends nothing', async () => {
    const roomId = 'too-large';
    const { query } = paramsOf(SendMessage, { input: { roomId, content: 'x' } });
    const response = await fetch(used.server.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        query,
        variables: { input: { roomId, content: 'x' } },
        extensions: { filler: 'x'.repeat(8_192) },
      }),
    });
    expect(response.status).toBe(413);
    expect(await used.redis.cli('EXISTS', `messages:${roomId}`)).toBe('0');
  });

  test('refuses a body that is not JSON without leaking details', async () => {
    const response = await fetch(used.server.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"query":',
    });
    expect(response.status).toBe(400);
    expect(await response.text()).not.toMatch(/ at |node_modules|\.js/);
  });

  test.each([
    ['an array of operations', [{ query: '{ __typename }' }]],
    ['null', null],
    ['a text', '{ __typename }'],
  ])('refuses %s', async (_what, body) => {
    const { status } = await post(used.server, body as object);
    expect(status).toBe(400);
  });

  test("refuses forms, which any page could send in its visitor's name", async () => {
    const roomId = 'form';
    const query = `mutation { sendMessage(input: { roomId: "${roomId}", content: "x" }) { id } }`;
    const form = new FormData();
    form.set('query', query);
    for (const [type, body] of [
      ['application/x-www-form-urlencoded', new URLSearchParams({ query })],
      ['text/plain', JSON.stringify({ query })],
      [undefined, form],
    ] as const) {
      const response = await fetch(used.server.url, {
        method: 'POST',
        body,
        ...(type !== undefined && { headers: { 'Content-Type': type } }),
      });
      expect.soft(response.ok, String(type)).toBe(false);
    }
    expect(await used.redis.cli('EXISTS', `messages:${roomId}`)).toBe('0');
  });
});

describe('GET', () => {
  const get = (params: Record<string, string>, accept = 'application/json') =>
    fetch(`${used.server.url}?${new URLSearchParams(params)}`, { headers: { Accept: accept } });

  test('runs a query with its variables', async () => {
    const { query } = paramsOf(Messages, { roomId: '' });
    const response = await get({ query: String(query), variables: '{"roomId":"empty","last":1}' });
    expect(await response.json()).toMatchObject({ data: { messages: { nodes: [] } } });
  });

  test('does not run a mutation', async () => {
    const { query } = paramsOf(SendMessage, { input: { roomId: '', content: '' } });
    const response = await get({
      query: String(query),
      variables: '{"input":{"roomId":"got","content":"x"}}',
    });
    expect(response.status).toBe(405);
    expect(await used.redis.cli('EXISTS', 'messages:got')).toBe('0');
  });

  test('refuses a subscription if the client does not accept a stream, and counts no connection', async () => {
    const response = await get({ query: 'subscription { messageAdded(roomId: "got") { id } }' });
    expect(response.status).toBe(406);
    expect(await used.redis.cli('EXISTS', 'connections:got')).toBe('0');
  });
});

test('answers 404 at any other path without leaking details', async () => {
  const response = await fetch(`${used.server.origin}/graphql/more`);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({ error: 'Not found' });
  expect(response.headers.get('x-powered-by')).toBeNull();
});

test.each(['PUT', 'DELETE', 'PATCH'])('refuses %s with a client error', async (method) => {
  const response = await fetch(used.server.url, { method, body: '{"query":"{ __typename }"}' });
  expect([400, 404, 405]).toContain(response.status);
});
