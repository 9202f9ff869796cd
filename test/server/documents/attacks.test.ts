/** Documents that cost the client little and the server much. Every transport must refuse to run them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post } from '#test/support/clients/http.js';
import { TRANSPORTS } from '#test/support/every-transport.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
const others: TestServer[] = [];
afterAll(() => Promise.all(others.map((server) => server.close())));

async function another(variables: Record<string, string | number>): Promise<TestServer> {
  const server = await startServer({ redisUrl: used.redis.url, ...variables });
  others.push(server);
  return server;
}

const many = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => each(index)).join(' ');
const deep = (levels: number) =>
  `{ ${'messages(roomId: "r") { nodes { room { lastMessage { '.repeat(levels / 4)} id ${' } } } }'.repeat(levels / 4)} }`;

const TOO_MANY_TOKENS = /more that 1000 tokens/;

/** Each attack, and the limits to raise so that it meets the limit under test. */
const ATTACKS: [what: string, limits: Record<string, number>, query: string, reason: RegExp][] = [
  [
    '10,000 aliases',
    { MESSAGE_BYTES_LIMIT: 1_000_000 },
    `{ ${many(10_000, (n) => `a${n}:__typename`)} }`,
    TOO_MANY_TOKENS,
  ],
  [
    '10,000 aliases without a limit on tokens',
    { MESSAGE_BYTES_LIMIT: 1_000_000, QUERY_TOKENS_LIMIT: 0 },
    `{ ${many(10_000, (n) => `a${n}:__typename`)} }`,
    /aliases limit/i,
  ],
  [
    'aliases in a fragment',
    {},
    `{ ...F } fragment F on Query { ${many(16, (n) => `a${n}: connectionCount(roomId: "r")`)} }`,
    /aliases limit/i,
  ],
  [
    'an alias of 200 characters',
    {},
    `{ ${'a'.repeat(200)}: __typename }`,
    /A name is limited to 128 characters/,
  ],
  ['depth 500', {}, deep(500), TOO_MANY_TOKENS],
  ['depth 500 without a limit on tokens', { QUERY_TOKENS_LIMIT: 0 }, deep(500), /depth limit/i],
  [
    'depth by fragments',
    {},
    `{ messages(roomId: "r") { nodes { ...A } } }
     fragment A on Message { room { lastMessage { ...B } } }
     fragment B on Message { room { lastMessage { ...C } } }
     fragment C on Message { room { lastMessage { ...D } } }
     fragment D on Message { room { lastMessage { room { id } } } }`,
    /depth limit/i,
  ],
  ['21 directives', {}, `{ __typename ${many(21, () => '@skip(if: false)')} }`, /directives limit/i],
  [
    'pages of everything',
    {},
    `query ($n: Int) { ${many(8, (n) => `p${n}: messages(roomId: "r", last: $n) { nodes { id content createdAt room { lastMessage { id } } author { id name } } }`)} }`,
    /estimated cost/,
  ],
  [
    'every room with its newest message, many times',
    { QUERY_COST_LIMIT: 5_000 },
    `{ ${many(10, (n) => `r${n}: activeRooms(limit: 500) { id connectionCount lastMessage { id content } }`)} }`,
    /estimated cost/,
  ],
  [
    'the content of a page under 15 aliases',
    {},
    `{ messages(roomId: "r", last: 200) { nodes { ${many(15, (n) => `a${n}: content`)} } } }`,
    /The response may have \d+ bytes; the limit is 1592000/,
  ],
  [
    'the names of authors under long aliases in a fragment',
    { QUERY_COST_LIMIT: 0 },
    `{ activeRooms(limit: 500) { lastMessage { author { ...F } } } }
     fragment F on User { ${many(15, (n) => `${'a'.repeat(120)}${n}: name`)} }`,
    /The response may have/,
  ],
  ['nested introspection', {}, nestedIntrospection(), /introspection depth/i],
];

function nestedIntrospection(): string {
  return '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }';
}

describe.each(TRANSPORTS)('over %s', (_name, ask) => {
  test.each(ATTACKS)('refuses %s', async (_what, limits, query, reason) => {
    const server = Object.keys(limits).length === 0 ? used.server : await another(limits);
    const { data, errors } = await ask(server, { query });
    expect(data ?? null).toBeNull();
    expect(errors).toHaveLength(1);
    expect(errors![0]!.message).toMatch(reason);
    expect(errors![0]!.extensions?.code).toMatch(/^(BAD_USER_INPUT|GRAPHQL_(PARSE|VALIDATION)_FAILED)$/);
  });

  test('refuses a subscription that is too deep before it starts', async () => {
    const roomId = `deep-${_name}`;
    const levels = 'room { lastMessage { '.repeat(5);
    const query = `subscription { messageAdded(roomId: "${roomId}") { ${levels} id ${'} }'.repeat(5)} } }`;
    const { errors } = await ask(used.server, { query });
    expect(errors?.[0]?.message).toMatch(/depth limit/i);
    expect(await used.redis.cli('EXISTS', `connections:${roomId}`)).toBe('0');
  });

  test('refuses a document each time', async () => {
    const query = `{ ...F } fragment F on Query { ${many(16, (n) => `b${n}: __typename`)} }`;
    for (const _ of [1, 2]) {
      expect((await ask(used.server, { query })).errors?.[0]?.message).toMatch(/aliases limit/i);
    }
  });

  test('allows the full introspection of a client', async () => {
    const query = getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true });
    const { data, errors } = await ask(used.server, { query });
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ __schema: { queryType: { name: 'Query' } } });
  });

  test('has no limit if a limit is 0', async () => {
    const server = await another({
      QUERY_TOKENS_LIMIT: 0,
      QUERY_ALIASES_LIMIT: 0,
      QUERY_COST_LIMIT: 0,
      RESPONSE_BYTES_LIMIT: 0,
      QUERY_DEPTH_LIMIT: 0,
      QUERY_DIRECTIVES_LIMIT: 0,
    });
    const query = `{ ${many(500, (n) => `a${n}:__typename`)} ${'__typename '.repeat(600)} }`;
    expect((await ask(server, { query })).errors).toBeUndefined();
  });

  test('shows and suggests nothing of the schema without introspection', async () => {
    const server = await another({ INTROSPECTION: 'false' });
    const asked = await ask(server, { query: '{ __schema { queryType { name } } }' });
    expect(asked.errors?.[0]?.message).toMatch(/introspection/i);
    const typo = await ask(server, { query: '{ activeRoomz { id } }' });
    expect(typo.errors?.[0]?.message).toMatch(/activeRoomz/);
    const input = await ask(server, {
      query: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }',
      variables: { input: { roomId: 'r', content: 'x', nonse: 'x' } },
    });
    expect(input.errors?.[0]?.message).toMatch(/nonse/);
    expect(JSON.stringify([typo, input])).not.toMatch(/did you mean/i);
    expect((await ask(server, { query: '{ __typename }' })).data).toEqual({ __typename: 'Query' });
    const helpful = await ask(used.server, { query: '{ activeRoomz { id } }' });
    expect(helpful.errors?.[0]?.message).toMatch(/did you mean "activeRooms"/i);
  });
});

describe('trusted documents', () => {
  const SAY =
    'mutation Say($content: String!) { sendMessage(input: { roomId: "trusted", author: "Ann", content: $content }) { content } }';
  const MANIFEST = { say: SAY, rooms: '{ activeRooms { id } }', 'sha256:type': '{ __typename }' };
  let folder: string;
  let variables: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'streamly-manifest-'));
    variables = { TRUSTED_DOCUMENTS: join(folder, 'persisted-documents.json') };
    await writeFile(variables.TRUSTED_DOCUMENTS!, JSON.stringify(MANIFEST));
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe.each(TRANSPORTS)('over %s, if they are required', (_name, ask) => {
    let server: TestServer;
    beforeAll(async () => {
      server = await another({ ...variables, REQUIRE_TRUSTED_DOCUMENTS: 'true' });
    });

    test('runs what is on the list by either form of id', async () => {
      const said = await ask(server, { documentId: 'say', variables: { content: 'hello' } });
      expect(said).toMatchObject({ data: { sendMessage: { content: 'hello' } } });
      const extensions = { persistedQuery: { version: 1, sha256Hash: 'sha256:type' } };
      expect(await ask(server, { extensions })).toMatchObject({ data: { __typename: 'Query' } });
    });

    test.each([
      ['a text', { query: '{ __typename }' }],
      ['the text of a known document', { query: SAY, variables: { content: 'x' } }],
      ['introspection', { query: getIntrospectionQuery() }],
    ])('refuses %s', async (_what, params) => {
      const { data, errors } = await ask(server, params);
      expect(data ?? null).toBeNull();
      expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    });

    test.each([
      ['an unknown id', { documentId: 'nothing' }],
      ['an unknown id with a text', { documentId: 'nothing', query: '{ __typename }' }],
      ['an id that is a property of every object', { documentId: '__proto__' }],
      ['an id that is not a string', { documentId: { toString: 'say' }, query: '{ __typename }' }],
      ['an unknown hash', { extensions: { persistedQuery: { sha256Hash: '0' } }, query: '{ __typename }' }],
    ])('refuses %s', async (_what, params) => {
      const { data, errors } = await ask(server, params);
      expect(data ?? null).toBeNull();
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    });

    test('runs the documents of the page and the client package as texts', async () => {
      const text = `query Rooms { activeRooms(limit: 50) { id connectionCount # of viewers
        lastMessage { author { name __typename } content __typename } __typename } }`;
      expect(await ask(server, { query: text })).toHaveProperty('data.activeRooms');
      const altered = text.replace('50', '51');
      expect((await ask(server, { query: altered })).errors).toMatchObject([
        { extensions: { code: 'FORBIDDEN' } },
      ]);
    });

    test("tells Apollo's clients to send the text of an unknown hash", async () => {
      const extensions = { persistedQuery: { version: 1, sha256Hash: '0' } };
      const notFound = {
        message: 'PersistedQueryNotFound',
        extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
      };
      expect((await ask(server, { extensions })).errors).toMatchObject([notFound]);
      const notSupported = {
        message: 'PersistedQueryNotSupported',
        extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
      };
      expect((await ask(used.server, { extensions })).errors).toMatchObject([notSupported]);
    });

    test('runs the document of the id even if another text comes with it', async () => {
      const result = await ask(server, { documentId: 'sha256:type', query: '{ activeRooms { id } }' });
      expect(result).toEqual({ data: { __typename: 'Query' } });
    });

    test('also takes texts if they are not required', async () => {
      const open = await another(variables);
      expect((await ask(open, { query: '{ __typename }' })).data).toEqual({ __typename: 'Query' });
      expect((await ask(open, { documentId: 'rooms' })).errors).toBeUndefined();
      const unknown = await ask(open, { documentId: 'nothing' });
      expect(unknown.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    });
  });

  test('can be named in a GET', async () => {
    const server = await another({ ...variables, REQUIRE_TRUSTED_DOCUMENTS: 'true' });
    const get = async (query: string) => (await fetch(`${server.url}?${query}`)).json();
    expect(await get('documentId=rooms')).toHaveProperty('data.activeRooms');
    expect(await get('query=%7B__typename%7D')).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });

  test('prevent the server from starting, with a reason, if the manifest cannot be read', async () => {
    const start = startServer({ redisUrl: used.redis.url, TRUSTED_DOCUMENTS: join(folder, 'none.json') });
    await expect(start).rejects.toThrow(/^TRUSTED_DOCUMENTS cannot be read: ENOENT/);
  });
});

describe('the estimate of a response', () => {
  const ALL =
    'id content createdAt nonce roomId author { id name } room { id connectionCount slowModeSeconds }';

  test('is no less than the largest page, which is allowed', async () => {
    const server = await another({ CONTENT_LENGTH_LIMIT: 500, RATE_SENDS_PER_USER: 0 });
    const content = '😀'.repeat(500);
    const author = '😀'.repeat(40);
    const say = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';
    for (let sent = 0; sent < 200; sent += 1) {
      const nonce = `${sent}`.padStart(64, '0');
      await post(server, { query: say, variables: { input: { roomId: 'full', content, author, nonce } } });
    }
    const page = `query ($n: Int) { messages(roomId: "full", last: $n) { edges { cursor node { ${ALL} } } } }`;
    const { body } = await post(server, { query: page, variables: { n: 200 } });
    expect(body).toHaveProperty('data.messages.edges.length', 200);
    const bytes = Buffer.byteLength(JSON.stringify(body));
    expect(bytes).toBeGreaterThan(500_000);
    const less = await another({ RESPONSE_BYTES_LIMIT: bytes });
    expect((await post(less, { query: page, variables: { n: 0 } })).body.errors).toMatchObject([
      { message: expect.stringMatching(/The response may have/), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  test.each([
    ['a list of rooms', `query ($n: Int) { activeRooms(limit: $n) { id lastMessage { ${ALL} } } }`],
    [
      'a subscription that begins with a page',
      `subscription { messageAdded(roomId: "", last: 200) { ${ALL} } }`,
    ],
  ])('allows %s with all fields', async (_what, query) => {
    const { body } = await post(used.server, { query }, { Accept: 'application/json, text/event-stream' });
    expect(JSON.stringify(body)).not.toMatch(/may have/);
  });
});

test('refuses several operations in one request', async () => {
  const batch = Array.from({ length: 100 }, () => ({ query: '{ __typename }' }));
  expect((await post(used.server, batch as object)).status).toBe(400);
  const twice = await post(used.server, { query: 'query A { __typename } query B { __typename }' });
  expect(twice.body.errors).toHaveLength(1);
});

test('validates the worst document within the limits quickly', async () => {
  const query = `{ ${'messages(roomId: "r") { nodes { id } } '.repeat(70)} }`;
  const beganAt = performance.now();
  await post(used.server, { query });
  // Takes about 20 ms on a busy machine. Without a limit on tokens it would take minutes.
  expect(performance.now() - beganAt).toBeLessThan(3_000);
});
