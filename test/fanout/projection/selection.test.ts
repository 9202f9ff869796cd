import { buildSchema, parse, validate } from 'graphql';
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

/** The key that subscriptions with this operation are shared by. */
function keyOf(text: string, values: Record<string, unknown> = {}, operationName?: string): string {
  return selectionOf(text, operationName).keyFor(values);
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
    ['a fragment', PLAIN, `${PLAIN.replace('content', '...F')} fragment F on Message { content }`],
    [
      'the name of a fragment',
      `${PLAIN.replace('content', '...F')} fragment F on Message { content }`,
      `${PLAIN.replace('content', '...G')} fragment G on Message { content }`,
    ],
    [
      'a fragment of a fragment',
      PLAIN,
      'subscription { ...R } fragment R on Subscription { messageAdded(roomId: "a") { ...F } } fragment F on Message { ...G content } fragment G on Message { id }',
    ],
    ['an inline fragment', PLAIN, PLAIN.replace('content', '... on Message { content }')],
    ['an inline fragment without a type', PLAIN, PLAIN.replace('content', '... { content }')],
    ['a field that occurs twice', PLAIN, PLAIN.replace('content', 'id content content id')],
    ['an alias that is the name', PLAIN, PLAIN.replace('content', 'content: content')],
    [
      'a directive without effect',
      PLAIN,
      PLAIN.replace('content', 'content @include(if: true) @skip(if: false)'),
    ],
    ['a field that is skipped', PLAIN, PLAIN.replace('content', 'content roomId @skip(if: true)')],
    [
      'a fragment that is skipped',
      PLAIN,
      PLAIN.replace('content', 'content ... @include(if: false) { roomId }'),
    ],
    [
      'a field in two parts',
      'subscription { messageAdded(roomId: "a") { author { id name } content } }',
      'subscription { messageAdded(roomId: "a") { author { id } content author { name } } }',
    ],
  ])('share results despite different %s', (_what, one, other) => {
    const values = { on: true };
    expect(keyOf(other, values)).toBe(keyOf(one, values));
    expect(selectionOf(other).viewerDependent).toBe(selectionOf(one).viewerDependent);
  });

  test.each<[string, string, Record<string, unknown>, string, Record<string, unknown>]>([
    [
      'a literal and a variable',
      PLAIN.replace('content', 'content @skip(if: true)'),
      {},
      'subscription ($off: Boolean!) { messageAdded(roomId: "a") { id content @skip(if: $off) } }',
      { off: true },
    ],
    [
      'the names of variables',
      'subscription ($x: Boolean!) { messageAdded(roomId: "a") { id content @skip(if: $x) } }',
      { x: false },
      'subscription ($y: Boolean!) { messageAdded(roomId: "a") { id content @skip(if: $y) } }',
      { y: false },
    ],
    [
      'a default and the same value',
      'subscription ($on: Boolean = true) { messageAdded(roomId: "a") { id content @include(if: $on) } }',
      {},
      'subscription ($on: Boolean!) { messageAdded(roomId: "a") { id content @include(if: $on) } }',
      { on: true },
    ],
  ])('share results despite different %s', (_what, one, values, other, otherValues) => {
    expect(keyOf(other, otherValues)).toBe(keyOf(one, values));
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
    expect(keyOf(other)).not.toBe(keyOf(one));
  });

  test.each<[string, object, object]>([
    ['true and false', { on: true }, { on: false }],
    ['null and a default', { on: null }, {}],
  ])('do not share results if they differ in %s for a variable', (_what, one, other) => {
    const text = `${shared} @include(if: $on) } }`;
    expect(keyOf(text, { ...one })).not.toBe(keyOf(text, { ...other }));
  });
});

describe('arguments below the root', () => {
  const withArguments = new Selections(
    buildSchema(`
      type Query { unused: Int }
      type Subscription { messageAdded(roomId: ID!): Message! }
      interface Entity { text(size: Int = 1, style: Style): String }
      type Message implements Entity { text(size: Int = 2, style: Style): String next: Entity }
      input Style { bold: Boolean = false color: String }`),
  );
  const keyOf = (selection: string, values = {}, head = '') =>
    withArguments
      .of(parse(`subscription ${head} { messageAdded(roomId: "a") { ${selection} } }`))
      .keyFor(values);

  test.each([
    [
      'in another order',
      'text(size: 3, style: {bold: true, color: "red"})',
      'text(style: {color: "red", bold: true}, size: 3)',
    ],
    ['left out, and given as their defaults', 'text', 'text(size: 2)'],
    ['with fields left out, and given as their defaults', 'text(style: {})', 'text(style: {bold: false})'],
  ])('are the same %s', (_what, one, other) => {
    expect(keyOf(other)).toBe(keyOf(one));
  });

  test('are the same as a literal and as a variable', () => {
    const literal = keyOf('text(size: 3)');
    expect(keyOf('text(size: $n)', { n: 3 }, '($n: Int)')).toBe(literal);
    expect(keyOf('text(size: $n)', {}, '($n: Int = 3)')).toBe(literal);
    expect(keyOf('text(size: $n)', {}, '($n: Int)')).toBe(keyOf('text'));
  });

  test.each([
    ['other values', 'text(size: 3)', 'text(size: 4)'],
    ['null and a default', 'text(size: null)', 'text'],
    ['defaults of the interface, which the type may replace', 'next { text }', 'next { text(size: 1) }'],
    ['a fragment on a type that the field may not have', 'next { text }', 'next { ... on Message { text } }'],
  ])('are not the same with %s', (_what, one, other) => {
    expect(keyOf(other)).not.toBe(keyOf(one));
  });

  test('keep the order in which GraphQL merges fields around a fragment', () => {
    const withFragment =
      'next { ... on Message { next { a: __typename } } } next { ... on Message { next { b: __typename } } }';
    const merged = 'next { ... on Message { next { a: __typename b: __typename } } }';
    // Not recognized as equal, which costs an execution, but never mistaken.
    expect(keyOf(withFragment)).not.toBe(keyOf(merged));
  });

  test('make the same key as they are written if a fragment repeats without end', () => {
    const fragments = Array.from(
      { length: 30 },
      (_, index) =>
        `fragment F${index} on Message { a: next { ...F${index + 1} } b: next { ...F${index + 1} } }`,
    );
    const text = `subscription { messageAdded(roomId: "a") { ...F0 } } ${fragments.join(' ')} fragment F30 on Message { text }`;
    const key = () => withArguments.of(parse(text)).keyFor({});
    // With two to the power of 30 fields, it would never end.
    expect(key()).toBe(key());
  });
});

test('the key of a large document is short', () => {
  const fields = Array.from({ length: 200 }, (_, index) => `a${index}: content`).join(' ');
  expect(keyOf(`subscription { messageAdded(roomId: "a") { ${fields} } }`).length).toBeLessThan(100);
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

  test('are found where a fragment holds the root field itself', () => {
    const { variables, keyFor } = selectionOf(`
      subscription ($room: ID!, $on: Boolean!) { ...Root }
      fragment Root on Subscription { messageAdded(roomId: $room) { id content @include(if: $on) } }`);
    expect(variables).toEqual(expect.arrayContaining(['on']));
    expect(keyFor({ room: 'a', on: true })).toBe(keyFor({ room: 'b', on: true }));
    expect(keyFor({ room: 'a', on: true })).toBe(keyOf(PLAIN));
    expect(keyFor({ room: 'a', on: false })).not.toBe(keyOf(PLAIN));
  });
});

describe('an operation in a document', () => {
  const document =
    'subscription A { messageAdded(roomId: "a") { id } } subscription B { messageAdded(roomId: "a") { content } }';

  test('is found by name, with only the fragments that it uses', () => {
    const both = `${document} fragment F on Message { author { name } }
      subscription C { messageAdded(roomId: "a") { ...F } }`;
    expect(keyOf(both, {}, 'A')).toBe(keyOf(document, {}, 'A'));
    expect(keyOf(both, {}, 'A')).not.toBe(keyOf(both, {}, 'B'));
    expect(keyOf(both, {}, 'C')).toContain('author');
  });

  test('is analyzed once per document', () => {
    const parsed = parse(document);
    expect(selections.of(parsed, 'B')).toBe(selections.of(parsed, 'B'));
    expect(selections.of(parse(PLAIN), null).keyFor({})).toBe(selections.of(parse(PLAIN)).keyFor(undefined));
  });
});
