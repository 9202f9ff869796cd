/** The page that browsers get at /graphql. It uses no other host and shows the main operations. */
import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import { createSchema } from '#graphql/schema.js';
import { EXAMPLE_QUERY } from '#server/http/graphiql.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();

const openPage = () =>
  fetch(used.server.url, { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });

describe('the page at /graphql', () => {
  test('is HTML for clients that ask for HTML, and for no others', async () => {
    const response = await openPage();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await response.text()).toContain('<title>Streamly Chat</title>');

    const program = await fetch(used.server.url, { headers: { Accept: 'application/json' } });
    expect(program.headers.get('content-type')).not.toMatch(/html/);
  });

  test('loads nothing from other sites', async () => {
    const html = await (await openPage()).text();
    // The page's own code mentions many addresses as text. Only the addresses that it loads matter.
    const markup = html.replace(/(<(script|style)\b[^>]*>)[\s\S]*?<\/\2>/g, '$1');
    const asked = [...markup.matchAll(/\b(?:src|href)\s*=\s*["']?([^"'\s>]+)/g)].map(
      ([, address]) => address!,
    );
    expect(asked.filter((address) => /^(?:https?:)?\/\//.test(address))).toEqual([]);
    const imports = [...html.matchAll(/@import\s+(?:url\()?["']?((?:https?:)?\/\/[^"')\s]+)/g)];
    expect(imports.map(([, address]) => address)).toEqual([]);
  });

  test('finds everything that it loads on this server', async () => {
    const html = await (await openPage()).text();
    const markup = html.replace(/(<(script|style)\b[^>]*>)[\s\S]*?<\/\2>/g, '$1');
    for (const [, address] of markup.matchAll(/\b(?:src|href)\s*=\s*["']?(\/[^"'\s>]+)/g)) {
      expect.soft((await fetch(new URL(address!, used.server.origin))).status, address).toBe(200);
    }
  });

  test('shows how to subscribe to a room, send a message and read history', async () => {
    const html = await (await openPage()).text();
    expect(html).toContain('subscription Follow');
    expect(html).toContain('mutation Say');
    expect(html).toContain('query Read');
    expect(validate(createSchema(DEFAULT_LIMITS), parse(EXAMPLE_QUERY))).toEqual([]);
  });

  test('shows operations that work unchanged, over WebSocket', async () => {
    expect(await (await openPage()).text()).toMatch(/"subscriptionsProtocol":"WS"/);
    const socket = await RawSocket.ready(used.server);
    socket.subscribe('follow', { query: EXAMPLE_QUERY, operationName: 'Follow' });
    socket.subscribe('say', { query: EXAMPLE_QUERY, operationName: 'Say' });
    const messages = await socket.take(3);
    expect(messages).toContainEqual({
      id: 'follow',
      type: 'next',
      payload: {
        data: { messageAdded: expect.objectContaining({ content: 'Hello', author: { name: 'Ann' } }) },
      },
    });
    socket.subscribe('read', { query: EXAMPLE_QUERY, operationName: 'Read' });
    expect(await socket.next()).toMatchObject({
      payload: { data: { messages: { nodes: [{ content: 'Hello' }] }, activeRooms: [{ id: 'room1' }] } },
    });
    await socket.close();
  });
});
