/** Invalid input: the client learns what is wrong, nothing is stored, and the connection still works. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Params, paramsOf, run } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { eventStream, type Following, http, webSocket } from '#test/support/clients/transports.js';
import {
  ActiveRooms,
  ConnectionCount,
  MessageAdded,
  Messages,
  RoomById,
  SendMessage,
} from '#test/support/documents.js';
import type { MessageAddedSubscription } from '#test/support/generated/graphql.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();

const ROOM = 'room1';
let watcher: Following<MessageAddedSubscription>;
beforeAll(async () => {
  watcher = await webSocket.follow(used.server, MessageAdded, { roomId: ROOM });
});
afterAll(() => watcher.leave());

/** The operation, and the details of its error: the invalid field, and the limit if one was exceeded. */
type Case = [what: string, params: Params, refusal: { field?: string; limit?: number; message?: RegExp }];

const send = (wrong: Record<string, unknown>): Params => ({
  ...paramsOf(SendMessage, { input: { roomId: '', content: '' } }),
  variables: { input: { roomId: ROOM, content: 'Hello', author: 'Ann', nonce: 'n1', ...wrong } },
});
const readPage = (wrong: object) => paramsOf(Messages, { roomId: ROOM, ...wrong });
const follow = (wrong: object) => paramsOf(MessageAdded, { roomId: ROOM, ...wrong });

const sends: Case[] = [
  ['no content', send({ content: '' }), { field: 'input.content' }],
  ['white space for content', send({ content: ' \n\t\u00a0\u3000' }), { field: 'input.content' }],
  ['content that is too long', send({ content: 'x'.repeat(501) }), { field: 'input.content', limit: 500 }],
  ['content with a null character', send({ content: 'a\u0000b' }), { field: 'input.content' }],
  ['content with a tab', send({ content: 'a\tb' }), { field: 'input.content' }],
  ['content with a carriage return', send({ content: 'a\r\nb' }), { field: 'input.content' }],
  ['content with an escape sequence', send({ content: '\u001b[31mred' }), { field: 'input.content' }],
  ['content with a control character above ASCII', send({ content: 'a\u0085b' }), { field: 'input.content' }],
  ['content with half a surrogate pair', send({ content: 'a\ud83db' }), { field: 'input.content' }],
  ['an empty room id', send({ roomId: '' }), { field: 'input.roomId', limit: 64 }],
  ['a room id that is too long', send({ roomId: 'r'.repeat(65) }), { field: 'input.roomId', limit: 64 }],
  ['a room id with a space', send({ roomId: 'room 1' }), { field: 'input.roomId' }],
  ['a room id with a colon', send({ roomId: 'a:b' }), { field: 'input.roomId' }],
  ['a room id with braces', send({ roomId: '{a}' }), { field: 'input.roomId' }],
  ['a room id with a newline at its end', send({ roomId: 'room1\n' }), { field: 'input.roomId' }],
  ['a room id that is not ASCII', send({ roomId: 'комната' }), { field: 'input.roomId' }],
  ['an empty name', send({ author: '' }), { field: 'input.author' }],
  ['a name that is too long', send({ author: 'n'.repeat(41) }), { field: 'input.author', limit: 40 }],
  ['a name with a newline', send({ author: 'Ann\nBob' }), { field: 'input.author' }],
  ['an empty nonce', send({ nonce: '' }), { field: 'input.nonce' }],
  ['a nonce that is too long', send({ nonce: 'n'.repeat(65) }), { field: 'input.nonce' }],
  ['a nonce with a space', send({ nonce: 'a b' }), { field: 'input.nonce' }],
  ['null for content', send({ content: null }), { message: /"\$input".*"input.content"/ }],
  ['a number for content', send({ content: 5 }), { message: /"\$input".*"input.content"/ }],
  ['a list for a room id', send({ roomId: ['a', 'b'] }), { message: /"\$input".*"input.roomId"/ }],
  ['an object for a room id', send({ roomId: { toString: 'x' } }), { message: /"\$input".*"input.roomId"/ }],
  ['an unknown field', send({ room: ROOM }), { message: /"room" is not defined/ }],
  ['no input at all', { ...send({}), variables: {} }, { message: /"\$input" of required type/ }],
  [
    'invalid content in the text of the query',
    { query: 'mutation { sendMessage(input: { roomId: "room1", content: "" }) { id } }' },
    { field: 'input.content' },
  ],
];

const queries: Case[] = [
  ['messages of an empty room id', readPage({ roomId: '' }), { field: 'roomId', limit: 64 }],
  ['a negative first', readPage({ first: -1 }), { field: 'first' }],
  ['a first that is too high', readPage({ first: 201 }), { field: 'first', limit: 200 }],
  ['a negative last', readPage({ last: -1 }), { field: 'last' }],
  ['a last that is too high', readPage({ last: 201 }), { field: 'last', limit: 200 }],
  ['first and last', readPage({ first: 1, last: 1 }), { field: 'last' }],
  ['an after that is not a cursor', readPage({ after: 'yesterday' }), { field: 'after' }],
  ['an empty after', readPage({ after: '' }), { field: 'after' }],
  ['a before that is not a cursor', readPage({ before: '1-' }), { field: 'before' }],
  ['a cursor with a leading zero', readPage({ after: '01-0' }), { field: 'after' }],
  ['a cursor whose number is too large', readPage({ after: `${'9'.repeat(17)}-0` }), { field: 'after' }],
  ['a fraction', readPage({ first: 1.5 }), { message: /"\$first"/ }],
  ['a number beyond 32 bits', readPage({ first: 2 ** 31 }), { message: /"\$first"/ }],
  ['a negative limit', paramsOf(ActiveRooms, { limit: -1 }), { field: 'limit' }],
  ['a limit that is too high', paramsOf(ActiveRooms, { limit: 501 }), { field: 'limit', limit: 500 }],
  [
    'the count of an empty room id',
    paramsOf(ConnectionCount, { roomId: '' }),
    { field: 'roomId', limit: 64 },
  ],
  ['a room without an id', paramsOf(RoomById, { id: '*' }), { field: 'id' }],
];

const subscriptions: Case[] = [
  ['an empty room id', follow({ roomId: '' }), { field: 'roomId', limit: 64 }],
  ['a room id with a star', follow({ roomId: '*' }), { field: 'roomId' }],
  ['an after that is not a cursor', follow({ after: '$' }), { field: 'after' }],
  ['an empty after', follow({ after: '' }), { field: 'after' }],
  ['a negative last', follow({ last: -1 }), { field: 'last' }],
  ['a last that is too high', follow({ last: 201 }), { field: 'last', limit: 200 }],
  ['after and last', follow({ after: '0', last: 1 }), { field: 'last' }],
  ['a string for last', follow({ last: '1' }), { message: /"\$last"/ }],
  ['no room id', { ...follow({}), variables: {} }, { message: /"\$roomId" of required type/ }],
];

/** Expects BAD_USER_INPUT with the details of the case. */
function expectRefusal(
  result: { data?: unknown; errors?: readonly object[] },
  { message, ...details }: Case[2],
) {
  expect(result.errors).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(message ?? new RegExp(`^${details.field} .+\\.$`, 's')),
      extensions: { code: 'BAD_USER_INPUT', ...details },
    }),
  ]);
  expect(result.data ?? null).toBeNull();
}

describe.each([http, webSocket, eventStream])('over $name', ({ ask }) => {
  test.each([...sends, ...queries])('refuses %s', async (_what, params, refusal) => {
    expectRefusal(await ask(used.server, params), refusal);
  });
});

describe.each([webSocket, eventStream])('a subscription over $name', ({ ask, follow: open }) => {
  test.each(subscriptions)('refuses %s', async (_what, params, refusal) => {
    expectRefusal(await ask(used.server, params), refusal);
  });

  test('ends after its refusal, and is not counted', async () => {
    const following = await open(used.server, MessageAdded, { roomId: 'refused', last: -1 });
    expect(await following.nextResult()).toMatchObject({ errors: [{ extensions: { field: 'last' } }] });
    expect(await following.nextResult()).toBeUndefined();
    expect(await used.redis.cli('EXISTS', 'connections:refused')).toBe('0');
  });
});

describe('after all invalid input', () => {
  test('one connection that sent all of it still works', async () => {
    const socket = await RawSocket.ready(used.server);
    for (const [what, params, refusal] of [...sends, ...queries, ...subscriptions]) {
      socket.subscribe(what, params);
      const result = await socket.next();
      expect(result.id).toBe(what);
      expectRefusal(result.payload as object, refusal);
      expect(await socket.next()).toEqual({ id: what, type: 'complete' });
    }
    socket.subscribe('good', paramsOf(ConnectionCount, { roomId: ROOM }));
    expect(await socket.next()).toMatchObject({ payload: { data: { connectionCount: 1 } } });
    await socket.close();
  });

  test('nothing has been stored', async () => {
    const keys = (await used.redis.cli('KEYS', '*')).split('\n');
    expect(keys.filter((key) => /^(messages|nonce):/.test(key))).toEqual([]);
  });

  test('nothing has been published: a subscriber receives the next valid message first', async () => {
    await run(used.server, SendMessage, { input: { roomId: ROOM, content: 'good', nonce: 'n1' } });
    expect((await watcher.next()).messageAdded.content).toBe('good');
    expect(await used.redis.cli('LLEN', `messages:${ROOM}`)).toBe('1');
  });
});

describe('input at a limit', () => {
  test('is accepted: content is counted in characters, without surrounding white space', async () => {
    const content = '👩‍🚀'.slice(0, 2).repeat(500);
    const input = {
      roomId: 'r'.repeat(64),
      content: ` \n${content}\t `,
      author: ` ${'名'.repeat(40)} `,
      nonce: ':'.repeat(64),
    };
    const { sendMessage } = await run(used.server, SendMessage, { input });
    expect(sendMessage).toMatchObject({ content, author: { name: '名'.repeat(40) } });
  });
});
