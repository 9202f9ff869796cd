import { expect, test } from 'vitest';
import { decodeMessage, encodeBody } from '#redis/room-log/codec.js';
import { draft, stored } from '#test/redis/fixture.js';

test('what is encoded is decoded to the same', () => {
  const text = `{"id":"5-0","prev":"4-2",${encodeBody(draft('"quoted" \\ and\nmore'))}`;
  expect(decodeMessage(text, 'room1')).toEqual({ id: '5-0', prev: '4-2', ...draft('"quoted" \\ and\nmore') });
});

test('fields that are not known are left out', () => {
  const text = JSON.stringify({ ...JSON.parse(stored('1-0', '0')), colour: 'red' });
  expect(decodeMessage(text, 'room1')).toEqual(JSON.parse(stored('1-0', '0')));
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
  ['a message of another room', stored('1-0', '0', { roomId: 'room2' })],
  ['deep nesting', '['.repeat(100_000)],
])('%s is malformed', (_, text) => {
  expect(decodeMessage(text, 'room1')).toBeUndefined();
});
