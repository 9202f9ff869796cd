import type { DocumentNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import {
  ActiveRooms,
  ConnectionCount,
  MessageAdded,
  Messages,
  RoomById,
  SendMessage,
} from '#test/support/documents.js';
import { run } from './recording.js';

const send = (input: Record<string, unknown>) => ({ input: { roomId: 'room1', content: 'hello', ...input } });

const bad: [what: string, DocumentNode, Record<string, unknown>, field: string, limit?: number][] = [
  ['empty content', SendMessage, send({ content: '' }), 'input.content'],
  ['content of white space', SendMessage, send({ content: ' \n\t ' }), 'input.content'],
  ['content that is too long', SendMessage, send({ content: 'x'.repeat(501) }), 'input.content', 500],
  [
    'content that is too long in characters outside the basic plane',
    SendMessage,
    send({ content: '😀'.repeat(501) }),
    'input.content',
    500,
  ],
  ['a control character in the content', SendMessage, send({ content: 'a\u0000b' }), 'input.content'],
  ['a lone surrogate in the content', SendMessage, send({ content: 'a\ud800' }), 'input.content'],
  ['an empty room id to send to', SendMessage, send({ roomId: '' }), 'input.roomId', 64],
  ['a room id that is too long', SendMessage, send({ roomId: 'r'.repeat(65) }), 'input.roomId', 64],
  ['a space in a room id', SendMessage, send({ roomId: 'a room' }), 'input.roomId'],
  ['a newline at the end of a room id', SendMessage, send({ roomId: 'room1\n' }), 'input.roomId'],
  ['an empty author', SendMessage, send({ author: '' }), 'input.author'],
  ['an author that is too long', SendMessage, send({ author: 'x'.repeat(41) }), 'input.author', 40],
  ['a newline in the author', SendMessage, send({ author: 'a\nb' }), 'input.author'],
  ['an empty nonce', SendMessage, send({ nonce: '' }), 'input.nonce'],
  ['a nonce with a space', SendMessage, send({ nonce: 'a b' }), 'input.nonce'],
  ['a nonce that is too long', SendMessage, send({ nonce: 'n'.repeat(65) }), 'input.nonce'],
  ['a bad room id to read', Messages, { roomId: 'a{b}' }, 'roomId'],
  ['a page that is too large', Messages, { roomId: 'room1', first: 201 }, 'first', 200],
  ['a page of the newest messages that is too large', Messages, { roomId: 'room1', last: 201 }, 'last', 200],
  ['a negative page size', Messages, { roomId: 'room1', first: -1 }, 'first'],
  ['a negative number of the newest messages', Messages, { roomId: 'room1', last: -1 }, 'last'],
  ['first together with last', Messages, { roomId: 'room1', first: 1, last: 1 }, 'last'],
  ['an after that is not a cursor', Messages, { roomId: 'room1', after: 'x' }, 'after'],
  ['an after that is a Redis range', Messages, { roomId: 'room1', after: '+' }, 'after'],
  ['a before that is not a cursor', Messages, { roomId: 'room1', before: '1-2-3' }, 'before'],
  ['too many rooms', ActiveRooms, { limit: 501 }, 'limit', 500],
  ['a negative number of rooms', ActiveRooms, { limit: -1 }, 'limit'],
  ['a bad room id to count', ConnectionCount, { roomId: '' }, 'roomId', 64],
  ['a bad room id to query', RoomById, { id: 'é' }, 'id'],
  ['a bad room id to follow', MessageAdded, { roomId: '*' }, 'roomId'],
  [
    'an after that is not a cursor, to follow from',
    MessageAdded,
    { roomId: 'room1', after: 'last' },
    'after',
  ],
  [
    'too many of the newest messages to follow from',
    MessageAdded,
    { roomId: 'room1', last: 201 },
    'last',
    200,
  ],
  ['a negative number to follow from', MessageAdded, { roomId: 'room1', last: -1 }, 'last'],
  ['after together with last', MessageAdded, { roomId: 'room1', after: '0', last: 1 }, 'last'],
];

describe('bad input', () => {
  test.each(bad)(
    'is refused before any service is called: %s',
    async (_what, document, variables, field, limit) => {
      const { refusal, calls } = await run(document, variables);
      expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', field });
      expect(refusal?.message).toMatch(new RegExp(`^${field.replace('.', '\\.')} \\S.*\\.$`, 's'));
      expect(refusal?.limit).toBe(limit);
      if (limit !== undefined) expect(refusal?.message).toContain(String(limit));
      expect(calls).toEqual([]);
    },
  );

  test('is answered with a sentence about the field', async () => {
    const { refusal } = await run(SendMessage, send({ content: 'x'.repeat(501) }));
    expect(refusal?.message).toBe('input.content must have at most 500 characters.');
  });
});

describe('good input', () => {
  test('is trimmed before its characters are counted', async () => {
    const content = '😀'.repeat(500);
    const { calls } = await run(SendMessage, send({ content: `  ${content}\n`, author: ' Ada ' }));
    expect(calls).toEqual([
      ['append', { roomId: 'room1', content, author: { id: 'guest:Ada', name: 'Ada' } }],
    ]);
  });

  test('can be exactly at the limits', async () => {
    const roomId = 'r'.repeat(64);
    expect((await run(Messages, { roomId, first: 200 })).calls).toEqual([
      ['messages', roomId, { take: { first: 200 } }],
    ]);
    expect((await run(Messages, { roomId, last: 0 })).calls).toEqual([
      ['messages', roomId, { take: { last: 0 } }],
    ]);
    expect((await run(ActiveRooms, { limit: 500 })).calls).toEqual([['activeRooms', 500]]);
  });
});
