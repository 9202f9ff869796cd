import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareIds } from '#domain/cursor.js';
import { compareCursors, isCursor } from '../../../packages/client/src/cursor.js';
import { isSubscription, roomVariablesOf } from '../../../packages/client/src/document.js';

describe('isSubscription', () => {
  test.each([
    ['subscription { a }', true],
    ['subscription Name($a: X = { b: 1 }) @live { a }', true],
    ['fragment F on Message { id }\nsubscription { ...F }', true],
    ['subscription{a}fragment F on Message{id}', true],
    ['# subscription\nquery { a }', false],
    ['query { subscription { a } }', false],
    ['query { a(b: "} subscription {") }', false],
    ['query { a(b: """ } subscription { """) }', false],
    ['{ a }', false],
    ['mutation { a }', false],
  ])('%s: %s', (query, is) => {
    expect(isSubscription({ query })).toBe(is);
  });

  test('looks at the operation that is named', () => {
    const query = 'query A { a } subscription B { b }';
    expect(isSubscription({ query, operationName: 'A' })).toBe(false);
    expect(isSubscription({ query, operationName: 'B' })).toBe(true);
  });
});

describe('roomVariablesOf', () => {
  test.each([
    ['in the usual form', 'messageAdded(roomId: $roomId, after: $after, last: $last) { id }'],
    [
      'with the arguments in another order',
      'messageAdded(last: $last roomId: $roomId, after: $after) { id }',
    ],
    [
      'over several lines, with a comment',
      'messageAdded(\n  roomId: $roomId\n  # (the cursor)\n  after : $after\n  last:$last\n) { id }',
    ],
    [
      'with an alias and a directive',
      'newest: messageAdded(roomId: $roomId, after: $after, last: $last) @skip(if: $no) { id }',
    ],
    [
      'in a fragment',
      '...F } fragment F on Subscription { messageAdded(roomId: $roomId, after: $after, last: $last) { id }',
    ],
  ])('finds the variables %s', (_how, field) => {
    const room = roomVariablesOf(`subscription ($roomId: ID!, $after: ID, $last: Int) { ${field} }`)!;
    expect(room).toMatchObject({ after: 'after', last: 'last' });
    expect(room.roomIdOf({ roomId: 'lobby' })).toBe('lobby');
  });

  test('accepts any variable name, a literal room id, and no last', () => {
    const room = roomVariablesOf(
      'subscription ($c: ID) { messageAdded(roomId: "lobby", after: $c) { id } }',
    )!;
    expect(room).toMatchObject({ after: 'c', last: undefined });
    expect(room.roomIdOf(undefined)).toBe('lobby');
  });

  test('uses the default of a variable that is omitted, but not of one that is null', () => {
    const room = roomVariablesOf(
      'subscription ($r: ID! = "lobby", $c: ID="0" $n : Int = 20) { messageAdded(roomId: $r, after: $c, last: $n) { id } }',
    )!;
    expect(room.roomIdOf({})).toBe('lobby');
    expect(room.variableValue('c', undefined)).toBe('0');
    expect(room.variableValue('n', { n: undefined })).toBe(20);
    expect(room.variableValue('n', { n: null })).toBeNull();
    expect(room.variableValue('n', { n: 3 })).toBe(3);
    expect(room.variableValue('other', {})).toBeUndefined();
  });

  test('finds what the results of a subscription are resumed by', () => {
    const messages = 'subscription ($a: ID) { messageAdded(roomId: "r", after: $a) { id } }';
    expect(roomVariablesOf(messages)).toMatchObject({ field: 'messageAdded', cursor: 'id' });
    const events = 'subscription ($a: ID) { roomEvents(roomId: "r", after: $a) { cursor } }';
    expect(roomVariablesOf(events)).toMatchObject({ field: 'roomEvents', cursor: 'cursor' });
  });

  test.each([
    ['roomEvents(roomId: "r", after: "0") { cursor }', 'take its argument "after" from a variable'],
    ['roomEvents(roomId: "r", after: $a, last: 5) { cursor }', 'take its argument "last" from a variable'],
    ['roomEvents(roomId: "r", after: $a) { at }', 'select the cursor of the event'],
    ['messageAdded(roomId: "r", after: $a) { content }', 'select the id of the message'],
  ])('refuses %s, which cannot be resumed', (field, requirement) => {
    expect(() => roomVariablesOf(`subscription ($a: ID) { ${field} }`)).toThrow(requirement);
  });

  test('returns undefined for a subscription to something else', () => {
    expect(roomVariablesOf('subscription { roomUpdated(roomId: "a") { id } }')).toBeUndefined();
  });
});

describe('cursors', () => {
  const number = fc.nat({ max: 3 });
  const cursor = fc.oneof(
    fc.constant('0'),
    fc.tuple(fc.oneof(number, fc.nat()), number).map(([ms, sequence]) => `${ms}-${sequence}`),
  );

  test('compare as on the server', () => {
    fc.assert(
      fc.property(cursor, cursor, (a, b) => {
        expect(isCursor(a)).toBe(true);
        expect(Math.sign(compareCursors(a, b))).toBe(Math.sign(compareIds(a, b)));
      }),
    );
  });

  test.each(['', '1', '1-', 'a-1', '1-2-3', 5, undefined, null])('do not include %s', (value) => {
    expect(isCursor(value)).toBe(false);
  });
});
