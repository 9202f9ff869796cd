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

describe('two subscriptions share where they differ in nothing that shows', () => {
  test.each<[string, string, string]>([
    ['the name of the operation', PLAIN, 'subscription Live { messageAdded(roomId: "a") { id content } }'],
    ['white space and comments', PLAIN, 'subscription{messageAdded(roomId:"a"){id,#x\ncontent}}'],
    ['where they begin', PLAIN, 'subscription { messageAdded(roomId: "a", last: 5) { id content } }'],
    [
      'root arguments by variable',
      PLAIN,
      'subscription ($r: ID!, $after: ID) { messageAdded(roomId: $r, after: $after) { id content } }',
    ],
    [
      'the order in which fragments are defined',
      'subscription { messageAdded(roomId: "a") { ...A ...B } } fragment A on Message { id } fragment B on Message { content }',
      'fragment B on Message { content } fragment A on Message { id } subscription { messageAdded(roomId: "a") { ...A ...B } }',
    ],
    [
      'variables of root arguments beside one that takes part',
      'subscription ($on: Boolean!) { messageAdded(roomId: "a") { id content @include(if: $on) } }',
      'subscription ($after: ID, $on: Boolean!) { messageAdded(roomId: "a", after: $after) { id content @include(if: $on) } }',
    ],
  ])('%s', (_what, one, other) => {
    expect(selectionOf(other)).toEqual(selectionOf(one));
  });
});

describe('two subscriptions do not share where a result may differ:', () => {
  const shared = 'subscription ($on: Boolean = true) { messageAdded(roomId: "a") { id content';
  test.each<[string, string, string]>([
    ['another field', PLAIN, 'subscription { messageAdded(roomId: "a") { id roomId } }'],
    ['another order of fields', PLAIN, 'subscription { messageAdded(roomId: "a") { content id } }'],
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
      'a selection below',
      'subscription { messageAdded(roomId: "a") { room { id } } }',
      'subscription { messageAdded(roomId: "a") { room { connectionCount } } }',
    ],
  ])('%s', (_what, one, other) => {
    expect(selectionOf(other).text).not.toBe(selectionOf(one).text);
  });
});

describe('the variables of a selection', () => {
  test('are those that it or a fragment of it uses, and no root arguments', () => {
    const { variables } = selectionOf(`
      subscription ($room: ID!, $z: Boolean!, $deep: Boolean!, $last: Int) {
        messageAdded(roomId: $room, last: $last) { id @skip(if: $z) ...F }
      }
      fragment F on Message { author { ...G } }
      fragment G on User { name @include(if: $deep) }`);
    expect(variables).toEqual(['deep', 'z']);
  });

  test('are found where a fragment holds the root field itself', () => {
    const { variables, text } = selectionOf(`
      subscription ($room: ID!, $on: Boolean!) { ...Root }
      fragment Root on Subscription { messageAdded(roomId: $room) { id content @include(if: $on) } }`);
    expect(variables).toEqual(expect.arrayContaining(['on']));
    expect(text).toContain('content @include(if: $on)');
  });
});

describe('the operation of a document', () => {
  const document =
    'subscription A { messageAdded(roomId: "a") { id } } subscription B { messageAdded(roomId: "a") { content } }';

  test('is found by its name, with the fragments that it uses and no others', () => {
    const both = `${document} fragment F on Message { author { name } }
      subscription C { messageAdded(roomId: "a") { ...F } }`;
    expect(selectionOf(both, 'A')).toEqual(selectionOf(document, 'A'));
    expect(selectionOf(both, 'A').text).not.toBe(selectionOf(both, 'B').text);
    expect(selectionOf(both, 'C').text).toContain('fragment F');
  });

  test('is analysed once for each document', () => {
    const parsed = parse(document);
    expect(selections.of(parsed, 'B')).toBe(selections.of(parsed, 'B'));
    expect(selections.of(parse(PLAIN), null)).toEqual(selections.of(parse(PLAIN), undefined));
  });
});
