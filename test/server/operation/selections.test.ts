/** Subscriptions with different selections each get their own, although they share one room and one log. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { MessageAdded } from '#test/support/documents.js';
import { say } from '#test/support/say.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ OPERATIONS_PER_CONNECTION: 0, SELECTIONS_PER_CONNECTION: 0 });

const ROOM = 'room1';
const ROOT = `messageAdded(roomId: "${ROOM}")`;

/** A subscription, its variables, and what it receives for a message `Hello` by Ann. */
const SELECTIONS: Record<string, [query: string, variables: object | undefined, data: object]> = {
  'one field': [`subscription { ${ROOT} { content } }`, undefined, { messageAdded: { content: 'Hello' } }],
  'the same field, written differently': [
    `subscription Named { ${ROOT} {\n # a comment\n content, } }`,
    undefined,
    { messageAdded: { content: 'Hello' } },
  ],
  'an alias of a field': [
    `subscription { ${ROOT} { text: content } }`,
    undefined,
    { messageAdded: { text: 'Hello' } },
  ],
  'an alias of the root': [
    `subscription { heard: ${ROOT} { content } }`,
    undefined,
    { heard: { content: 'Hello' } },
  ],
  'aliases that swap names': [
    `subscription { ${ROOT} { content: roomId roomId: content } }`,
    undefined,
    { messageAdded: { content: ROOM, roomId: 'Hello' } },
  ],
  'another order of fields': [
    `subscription { ${ROOT} { roomId content } }`,
    undefined,
    { messageAdded: { roomId: ROOM, content: 'Hello' } },
  ],
  'a fragment': [
    `subscription { ${ROOT} { ...Said } } fragment Said on Message { content author { ...By } } fragment By on User { name }`,
    undefined,
    { messageAdded: { content: 'Hello', author: { name: 'Ann' } } },
  ],
  'another fragment of the same name': [
    `subscription { ${ROOT} { ...Said } } fragment Said on Message { roomId }`,
    undefined,
    { messageAdded: { roomId: ROOM } },
  ],
  'an inline fragment': [
    `subscription { ... on Subscription { ${ROOT} { ... on Message { ... { content } } } } }`,
    undefined,
    { messageAdded: { content: 'Hello' } },
  ],
  'a fragment at the root': [
    `subscription { ...Root } fragment Root on Subscription { ${ROOT} { content } }`,
    undefined,
    { messageAdded: { content: 'Hello' } },
  ],
  'the room by a variable': [
    'subscription ($room: ID!) { messageAdded(roomId: $room) { content } }',
    { room: ROOM },
    { messageAdded: { content: 'Hello' } },
  ],
  'the room by the default of a variable': [
    `subscription ($room: ID! = "${ROOM}") { messageAdded(roomId: $room) { content } }`,
    {},
    { messageAdded: { content: 'Hello' } },
  ],
  '@include with true': [
    `subscription ($with: Boolean!) { ${ROOT} { content author @include(if: $with) { name } } }`,
    { with: true },
    { messageAdded: { content: 'Hello', author: { name: 'Ann' } } },
  ],
  '@include with false': [
    `subscription ($with: Boolean!) { ${ROOT} { content author @include(if: $with) { name } } }`,
    { with: false },
    { messageAdded: { content: 'Hello' } },
  ],
  '@skip with the default of a variable': [
    `subscription ($without: Boolean = true) { ${ROOT} { content author @skip(if: $without) { name } } }`,
    undefined,
    { messageAdded: { content: 'Hello' } },
  ],
  '@skip against the default of a variable': [
    `subscription ($without: Boolean = true) { ${ROOT} { content author @skip(if: $without) { name } } }`,
    { without: false },
    { messageAdded: { content: 'Hello', author: { name: 'Ann' } } },
  ],
  '@include in a fragment': [
    `subscription ($with: Boolean!) { ${ROOT} { ...Said } } fragment Said on Message { content roomId @include(if: $with) }`,
    { with: false },
    { messageAdded: { content: 'Hello' } },
  ],
  __typename: [
    `subscription { ${ROOT} { __typename author { __typename } room { __typename id } } }`,
    undefined,
    {
      messageAdded: {
        __typename: 'Message',
        author: { __typename: 'User' },
        room: { __typename: 'Room', id: ROOM },
      },
    },
  ],
  'fields of the room': [
    `subscription { ${ROOT} { content room { lastMessage { content } } } }`,
    undefined,
    { messageAdded: { content: 'Hello', room: { lastMessage: { content: 'Hello' } } } },
  ],
};

describe('subscriptions to one room over one socket', () => {
  const received = new Map<string, unknown>();
  let socket: RawSocket;

  beforeAll(async () => {
    socket = await RawSocket.ready(used.server);
    for (const [id, [query, variables]] of Object.entries(SELECTIONS)) {
      socket.subscribe(id, { query, variables });
    }
    // A mutation on this socket waits until all of them are live.
    socket.subscribe('live', { query: 'mutation { __typename }' });
    await socket.take(2);
    await say(used.server, ROOM, 'Hello');
    for (const message of await socket.take(Object.keys(SELECTIONS).length)) {
      received.set(message.id!, message.payload);
    }
  });
  afterAll(() => socket.close());

  test.each(Object.entries(SELECTIONS))(
    'receive exactly what they select: %s',
    (id, [_query, _variables, data]) => {
      // Compare as text, because fields must have the order of the selection.
      expect(JSON.stringify(received.get(id))).toBe(JSON.stringify({ data }));
    },
  );

  test('each receive the message once', async () => {
    expect(await socket.untilNow()).toEqual([]);
  });
});

test('distinguishes two operations of one document by their names', async () => {
  const socket = await RawSocket.ready(used.server);
  const query = `subscription A { ${ROOT} { content } } subscription B { ${ROOT} { roomId } }`;
  socket.subscribe('a', { query, operationName: 'A' });
  socket.subscribe('b', { query, operationName: 'B' });
  socket.subscribe('live', { query: 'mutation { __typename }' });
  await socket.take(2);
  await say(used.server, ROOM, 'Hello');
  expect(await socket.take(2)).toEqual(
    expect.arrayContaining([
      { id: 'a', type: 'next', payload: { data: { messageAdded: { content: 'Hello' } } } },
      { id: 'b', type: 'next', payload: { data: { messageAdded: { roomId: ROOM } } } },
    ]),
  );
  await socket.close();
});

test('five hundred operations on one connection each receive each message in order', async () => {
  const socket = await RawSocket.ready(used.server);
  const ids = Array.from({ length: 500 }, (_, index) => `operation ${index}`);
  for (const [index, id] of ids.entries()) {
    socket.subscribe(id, paramsOf(MessageAdded, { roomId: `many-${index % 5}` }));
  }
  socket.subscribe('live', { query: 'mutation { __typename }' });
  await socket.take(2);
  for (const content of ['one', 'two']) {
    for (let room = 0; room < 5; room++) await say(used.server, `many-${room}`, content);
  }

  const byId = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { id, payload } of await socket.take(1_000)) {
    const { messageAdded } = (payload as { data: { messageAdded: { content: string } } }).data;
    byId.get(id!)?.push(messageAdded.content);
  }
  expect([...byId.values()]).toEqual(ids.map(() => ['one', 'two']));
  await socket.close();
});
