/** SourceStreams must create the same source streams as graphql-js, from the same arguments. */
import {
  buildSchema,
  createSourceEventStream,
  type ExecutionArgs,
  type GraphQLResolveInfo,
  parse,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { SourceStreams } from '#fanout/delivery/source-stream.js';

const schema = buildSchema(`
  type Query { unused: Int }
  input Window { first: Int! tags: [String!] = ["a"] }
  type Subscription {
    added(room: ID!, last: Int = 3, window: Window): Int
    fails(how: String): Int
  }`);
const fields = schema.getSubscriptionType()!.getFields();

const STREAM = (async function* () {
  yield 1;
})();

const calls: unknown[][] = [];
fields.added!.subscribe = (root, args, context, info: GraphQLResolveInfo) => {
  calls.push([root, args, context, info]);
  return STREAM;
};
fields.fails!.subscribe = (_root, { how }) => {
  if (how === 'throws') throw new Error('thrown');
  if (how === 'rejects') return Promise.reject(new Error('rejected'));
  if (how === 'returns') return new Error('returned');
  if (how === 'resolves') return Promise.resolve(new Error('resolved'));
  if (how === 'later') return Promise.resolve(STREAM);
  return how === 'number' ? 7 : Promise.resolve(null);
};

const FAILS = 'subscription ($how: String) { called: fails(how: $how) }';

/** Returns the result or that something was thrown, and the calls of the resolver. */
async function outcomeOf(create: () => unknown) {
  calls.length = 0;
  try {
    const source = await create();
    const result = source === STREAM ? 'the stream' : JSON.parse(JSON.stringify(source));
    return { result, calls: calls.slice() };
  } catch {
    return { thrown: true };
  }
}

describe('a source stream', () => {
  test.each<[string, string, Partial<ExecutionArgs>?]>([
    ['a field with its arguments', 'subscription { added(room: "a", last: 5) }'],
    ['an alias', 'subscription { other: added(room: "a") }'],
    [
      'variables and an unused fragment',
      'subscription S($room: ID!) { added(room: $room) } fragment F on Query { unused }',
      { variableValues: { room: 1 } },
    ],
    ['a variable with a default', 'subscription ($last: Int = 9) { added(room: "a", last: $last) }'],
    [
      'null in place of a default',
      'subscription ($last: Int = 9) { added(room: "a", last: $last) }',
      { variableValues: { last: null } },
    ],
    [
      'an input object',
      'subscription ($w: Window) { added(room: "a", window: $w) }',
      { variableValues: { w: { first: 1 } } },
    ],
    [
      'one operation of several',
      'subscription A { added(room: "a") } subscription B { added(room: "b") }',
      { operationName: 'B' },
    ],
    [
      'several operations without a name',
      'subscription A { added(room: "a") } subscription B { added(room: "b") }',
    ],
    ['an unknown name', 'subscription A { added(room: "a") }', { operationName: 'constructor' }],
    ['an empty name', 'subscription A { added(room: "a") }', { operationName: '' }],
    ['a null name', 'subscription A { added(room: "a") }', { operationName: null }],
    ['a query', '{ unused }'],
    ['an unknown field', 'subscription { nothing }'],
    ['__typename', 'subscription { __typename }'],
    ['a field in a fragment', 'subscription { ...F } fragment F on Subscription { added(room: "a") }'],
    ['a field in an inline fragment', 'subscription { ... { added(room: "a") } }'],
    ['a field with a directive', 'subscription { added(room: "a") @include(if: true) }'],
    ['two fields', 'subscription { added(room: "a") again: added(room: "b") }'],
    ['a missing argument', 'subscription { added }'],
    ['a null argument', 'subscription { added(room: null) }'],
    ['a missing required variable', 'subscription ($room: ID!) { added(room: $room) }'],
    ['an optional variable without a value', 'subscription ($room: ID) { added(room: $room) }'],
    [
      'a variable of the wrong type',
      'subscription ($last: Int) { added(room: "a", last: $last) }',
      { variableValues: { last: 'many' } },
    ],
    [
      'an unknown field in a variable',
      'subscription ($w: Window) { added(room: "a", window: $w) }',
      { variableValues: { w: { firs: 1 } } },
    ],
    [
      'an unknown field in a variable, without suggestions',
      'subscription ($w: Window) { added(room: "a", window: $w) }',
      { variableValues: { w: { firs: 1 } }, hideSuggestions: true },
    ],
    [
      'more errors than the limit',
      'subscription ($w: Window) { added(room: "a", window: $w) }',
      { variableValues: { w: { first: 1, tags: Array(60).fill(1) } } },
    ],
    ['variables that are a string', 'subscription { added(room: "a") }', { variableValues: 'text' as never }],
    [
      'a root value and a context',
      'subscription { added(room: "a") }',
      { rootValue: { root: 1 }, contextValue: { context: 1 } },
    ],
    ['a custom resolver', 'subscription { added(room: "a") }', { subscribeFieldResolver: () => STREAM }],
    ...['throws', 'rejects', 'returns', 'resolves', 'later', 'number', 'null'].map(
      (how): [string, string, Partial<ExecutionArgs>] => [
        `a resolver result: ${how}`,
        FAILS,
        { variableValues: { how } },
      ],
    ),
  ])('is the same as that of graphql-js for %s', async (_what, query, rest = {}) => {
    const args: ExecutionArgs = { schema, document: parse(query), ...rest };
    const expected = await outcomeOf(() => createSourceEventStream(args));
    const sources = new SourceStreams(schema);
    // Twice: first planned, then from the cache.
    expect(await outcomeOf(() => sources.create(args))).toEqual(expected);
    expect(await outcomeOf(() => sources.create(args))).toEqual(expected);
  });

  test('is returned synchronously if the resolver is synchronous', () => {
    const document = parse('subscription { added(room: "a") }');
    expect(new SourceStreams(schema).create({ schema, document })).toBe(STREAM);
  });

  test('works for another schema too', async () => {
    const other = buildSchema('type Query { unused: Int } type Subscription { added: Int }');
    other.getSubscriptionType()!.getFields().added!.subscribe = () => STREAM;
    const document = parse('subscription { added }');
    expect(await new SourceStreams(schema).create({ schema: other, document })).toBe(STREAM);
  });
});
