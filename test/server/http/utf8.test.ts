/** Invalid UTF-8 is refused, rather than stored as text that nobody wrote. */
import { describe, expect, test } from 'vitest';
import { RawTcp } from '#test/support/raw-tcp.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();

const NOT_UTF8 = {
  errors: [{ message: expect.stringContaining('UTF-8'), extensions: { code: 'BAD_USER_INPUT' } }],
};

/** A mutation whose content has these bytes. */
function mutation(bytes: number[]): Buffer {
  const query = 'mutation { sendMessage(input: { roomId: \\"utf8\\", content: \\"';
  return Buffer.concat([
    Buffer.from(`{"query":"${query}`),
    Buffer.from(bytes),
    Buffer.from('\\" }) { content } }"}'),
  ]);
}

describe('a body', () => {
  test.each([
    ['a letter in Latin-1', [0xe9]],
    ['a continuation without a beginning', [0x61, 0x80]],
    ['an incomplete character', [0xf0, 0x9f, 0x98]],
    ['an overlong form', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('with %s is refused with 400', async (_what, bytes) => {
    for (const Accept of ['application/json', 'text/event-stream']) {
      const headers = { 'Content-Type': 'application/json', Accept };
      const response = await fetch(used.server.url, {
        method: 'POST',
        headers,
        body: new Uint8Array(mutation(bytes)),
      });
      expect(response.status).toBe(400);
      if (Accept === 'application/json') expect(await response.json()).toMatchObject(NOT_UTF8);
    }
    expect(await used.redis.cli('EXISTS', 'messages:utf8')).toBe('0');
  });

  test('with a character split over two chunks is read correctly', async () => {
    const connection = await RawTcp.open(used.server);
    const body = mutation([...Buffer.from('😀')]);
    const at = body.indexOf(0xf0) + 2;
    await connection.write(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (const chunk of [body.subarray(0, at), body.subarray(at), Buffer.alloc(0)]) {
      await connection.write(
        Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
      );
    }
    await connection.until('}}');
    expect(Buffer.from(connection.received, 'latin1').toString()).toContain('"content":"😀"');
    connection.end();
  });
});

describe('a URL', () => {
  const get = async (query: string) => {
    const response = await fetch(`${used.server.url}?${query}`);
    return { status: response.status, body: await response.json() };
  };

  test.each([
    'query=%7B__typename%7D&operationName=%FF',
    'query=%C3',
    'query=%ED%A0%80',
    'query={__typename}&x=%C0%AF',
  ])('with %s is refused with 400', async (query) => {
    expect(await get(query)).toMatchObject({ status: 400, body: NOT_UTF8 });
  });

  test('with unescaped bytes is refused with 400', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.write(
      Buffer.from('GET /graphql?query={__typename}&x=\xe9 HTTP/1.1\r\nHost: x\r\n\r\n', 'latin1'),
    );
    await connection.until('\r\n\r\n');
    expect(connection.received).toMatch(/^HTTP\/1\.1 400 /);
    connection.end();
  });

  test('with a % that escapes nothing is read unchanged', async () => {
    const query = new URLSearchParams({ query: '{ __typename }' });
    expect(await get(`${query}&extensions={"note":"100%"}&x=%zz`)).toMatchObject({
      status: 200,
      body: { data: { __typename: 'Query' } },
    });
  });
});
