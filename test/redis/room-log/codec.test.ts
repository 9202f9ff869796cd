import { expect, test } from 'vitest';
import { decodeEntry, encodeBody } from '#redis/room-log/codec.js';
import { draft, stored } from '#test/redis/fixture.js';

test('decoding reverses encoding', () => {
  const text = `{"id":"5-0","prev":"4-2",${encodeBody(draft('"quoted" \\ and\nmore'))}`;
  expect(decodeEntry(text, 'room1')).toEqual({ id: '5-0', prev: '4-2', ...draft('"quoted" \\ and\nmore') });
});

test('the nonce of a message is decoded, if it has one', () => {
  const text = `{"id":"5-0","prev":"4-2",${encodeBody(draft('x', { nonce: 'n' }))}`;
  expect(decodeEntry(text, 'room1')).toEqual({ id: '5-0', prev: '4-2', ...draft('x', { nonce: 'n' }) });
  expect(decodeEntry(stored('1-0', '0'), 'room1')).toHaveProperty('nonce', undefined);
});

test('an entry of an unknown kind is opaque, whatever else it contains', () => {
  const entry = { id: '5-0', prev: '4-2', kind: 'pinned', ids: ['4-2'], author: 7, roomId: 5 };
  expect(decodeEntry(JSON.stringify(entry), 'room1')).toEqual({ id: '5-0', prev: '4-2', kind: 'pinned' });
  expect(decodeEntry('{"id":"5-0","prev":"4-2","kind":"gone"}', 'room1')).toHaveProperty('kind', 'gone');
});

test('unknown fields are dropped', () => {
  const text = JSON.stringify({ ...JSON.parse(stored('1-0', '0')), color: 'red' });
  expect(decodeEntry(text, 'room1')).toEqual(JSON.parse(stored('1-0', '0')));
});

test.each([
  ['nothing', ''],
  ['no JSON', 'hello'],
  ['half of it', stored('1-0', '0').slice(0, -4)],
  ['null', 'null'],
  ['a number', '7'],
  ['an array', '[]'],
  ['no author', JSON.stringify({ id: '1-0', prev: '0', roomId: 'room1', content: 'x' })],
  ['an author without a name', stored('1-0', '0', { author: { id: 'a' } as never })],
  ['content that is no text', stored('1-0', '0', { content: 5 as never })],
  ['an id that is none', stored('0', '0')],
  ['a prev that is none', stored('2-0', 'x')],
  ['a kind that is no text', JSON.stringify({ id: '2-0', prev: '0', kind: 7 })],
  ['a message of another room', stored('1-0', '0', { roomId: 'room2' })],
  ['deep nesting', '['.repeat(100_000)],
])('%s is malformed', (_, text) => {
  expect(decodeEntry(text, 'room1')).toBeUndefined();
});
