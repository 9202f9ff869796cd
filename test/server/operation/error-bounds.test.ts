/** Errors that repeat parts of a request. Responses must stay small, whatever the request was. */
import { describe, expect, test } from 'vitest';
import { type AnyParams, TRANSPORTS } from '#test/support/every-transport.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
const LONG = 'x'.repeat(50_000);

/** Requests of at most 64 KB that GraphQL would answer with megabytes. */
const CASES: [what: string, params: AnyParams][] = [
  [
    'a long operation name in an error for each variable',
    {
      query: `query ${LONG} { ${Array.from({ length: 100 }, (_, at) => `a${at}: room(id: $v${at}) { id }`).join(' ')} }`,
    },
  ],
  [
    'a large variable in an error for each of its fields',
    {
      query: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }',
      variables: {
        input: {
          ...Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`f${at}`, at])),
          content: LONG,
        },
      },
    },
  ],
  ['a long unexpected word', { query: `{ room(id: "a") { id } } ${LONG}` }],
  ['a long field', { query: `{ ${LONG} }` }],
  [
    'many fields that do not exist',
    { query: `{ ${Array.from({ length: 400 }, (_, at) => `f${at}`).join(' ')} }` },
  ],
  [
    'one conflict in many places',
    { query: `{ ${'a: viewer { roles } a: activeRooms { id } '.repeat(60)} }` },
  ],
  [
    'a long string for a number',
    { query: 'query ($n: Int) { activeRooms(limit: $n) { id } }', variables: { n: LONG } },
  ],
  ['a long document id', { documentId: LONG }],
  ['a long operationName', { query: '{ __typename }', operationName: LONG }],
];

describe.each(TRANSPORTS)('over %s', (_name, ask) => {
  test.each(CASES)('answers %s with a few short errors', async (_what, params) => {
    const { errors } = await ask(used.server, params);
    expect(errors!.length).toBeGreaterThan(0);
    expect(errors!.length).toBeLessThanOrEqual(21);
    for (const { message, locations = [] } of errors!) {
      expect(message.length).toBeLessThanOrEqual(501);
      expect(locations.length).toBeLessThanOrEqual(10);
    }
    expect(JSON.stringify(errors).length).toBeLessThan(20_000);
  });
});
