import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import { type Selection, Selections } from '#fanout/projection/selection.js';
import { createSchema } from '#graphql/schema.js';

const schema = createSchema(DEFAULT_LIMITS);
const selections = new Selections(schema);

function selectionOf(text: string, operationName?: string): Selection {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return selections.of(document, operationName);
}

const PLAIN = 'subscription { messageAdded(roomId: "a") { id content } }';

describe('subscriptions', () => {
  test.each<[string, string, string]>([
    ['operation names', PLAIN, 'subscription Live { messageAdded(roomId: "a") { id content } }'],
    ['whitespace and comments', PLAIN, 'subscription{messageAdded(roomId:"a"){id,#x\ncontent}}'],
    ['start positions', PLAIN, 'subscription { messageAdded(roomId: "a", last: 5) { id content } }'],
    [
      'root arguments, given by variables',
      PLAIN,
      'subscription ($r: ID!, $after: ID) { messageAdded(roomId: $r, after: $after) { id content } }',
    ],
    [
      'orders of fragment definitions',
      'subscription { messageAdded(roomId: "a") { ...A ...B } } fragment A on Message { id } fragment B on Message { content }',
      'fragment B on Message { content } fragment A on Message { id } subscription { messageAdded(roomId: "a") { ...A ...B } }',
    ],
    [
      'root variables beside one that affects the result',
      'subscription ($on: Boolean!) { messageAdded(roomId: "a") { id content @include(if: $on) } }',
      'subscription ($after: ID, $on: Boolean!) { messageAdded(roomId: "a", after: $after) { id content @include(if: $on) } }',
    ],
  ])('share results despite different %s', (_what, one, other) => {
    expect(selectionOf(other)).toEqual(selectionOf(one));
  });

  const shared = 'subscription ($on: Boolean = true) { messageAdded(roomId: "a") { id content';
  test.each<[string, string, string]>([
    ['a field', PLAIN, 'subscription { messageAdded(roomId: "a") { id roomId } }'],
    ['the order of fields', PLAIN, 'subscription { messageAdded(roomId: "a") { content id } }'],
    ['an alias', PLAIN, 'subscription { messageAdded(roomId: "a") { id text: content } }'],
    ['an alias of the root field', PLAIN, 'subscription { m: messageAdded(roomId: "a") { id content } }'],
    ['a directive', PLAIN, 'subscription { messageAdded(roomId: "a") { id content @skip(if: true) } }'],
    [
      'the constant in a directive',
      'subscription { messageAdded(roomId: "a") { id content @skip(if: false) } }',
      'subscription { messageAdded(roomId: "a") { id content @skip(if: true) } }',
    ],
    [
      'the default of a variable in a directive',
      `${shared} @include(if: $on) } }`,
      `${shared.replace('true', 'false')} @include(if: $on) } }`,
    ],
    [
      'the content of a fragment',
      'subscription { messageAdded(roomId: "a") { ...F } } fragment F on Message { id }',
      'subscription { messageAdded(roomId: "a") { ...F } } fragment F on Message { content }',
    ],
    [
      'the content of a nested fragment',
      'subscription { messageAdded(roomId: "a") { ...F } } fragment F on Message { author { ...G } } fragment G on User { id }',
      'subscription { messageAdded(roomId: "a") { ...F } } fragment F on Message { author { ...G } } fragment G on User { name }',
    ],
    ['__typename', PLAIN, 'subscription { messageAdded(roomId: "a") { __typename id content } }'],
    [
      'a nested selection',
      'subscription { messageAdded(roomId: "a") { room { id } } }',
      'subscription { messageAdded(roomId: "a") { room { connectionCount } } }',
    ],
  ])('do not share results if they differ in %s', (_what, one, other) => {
    expect(selectionOf(other).text).not.toBe(selectionOf(one).text);
  });
});

describe('the variables of a selection', () => {
  test('are those used in the selection or its fragments, but not in root arguments', () => {
    const { variables } = selectionOf(`
      subscription ($room: ID!, $z: Boolean!, $deep: Boolean!, $last: Int) {
        messageAdded(roomId: $room, last: $last) { id @skip(if: $z) ...F }
      }
      fragment F on Message { author { ...G } }
      fragment G on User { name @include(if: $deep) }`);
    expect(variables).toEqual(['deep', 'z']);
  });

  test('are found even if the root field is in a fragment', () => {
    const { variables, text } = selectionOf(`
      subscription ($room: ID!, $on: Boolean!) { ...Root }
      fragment Root on Subscription { messageAdded(roomId: $room) { id content @include(if: $on) } }`);
    expect(variables).toEqual(expect.arrayContaining(['on']));
    expect(text).toContain('content @include(if: $on)');
  });
});

describe('an operation in a document', () => {
  const document =
    'subscription A { messageAdded(roomId: "a") { id } } subscription B { messageAdded(roomId: "a") { content } }';

  test('is found by name, with only the fragments that it uses', () => {
    const both = `${document} fragment F on Message { author { name } }
      subscription C { messageAdded(roomId: "a") { ...F } }`;
    expect(selectionOf(both, 'A')).toEqual(selectionOf(document, 'A'));
    expect(selectionOf(both, 'A').text).not.toBe(selectionOf(both, 'B').text);
    expect(selectionOf(both, 'C').text).toContain('fragment F');
  });

  test('is analyzed once per document', () => {
    const parsed = parse(document);
    expect(selections.of(parsed, 'B')).toBe(selections.of(parsed, 'B'));
    expect(selections.of(parse(PLAIN), null)).toEqual(selections.of(parse(PLAIN), undefined));
  });
});
