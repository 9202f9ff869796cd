/** Failures of one operation on a WebSocket, which must not affect the socket or other operations. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { expectDelivery, sendOver, subscribeTo, useRooms } from '#test/server/websocket/room-over-socket.js';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { ConnectionCount, MessageAdded } from '#test/support/documents.js';
import { say, texts } from '#test/support/say.js';
import { until } from '#test/support/until.js';

const { used, newRoom, openSocket, countOf } = useRooms({ OPERATIONS_PER_CONNECTION: 0 });

describe('an invalid operation fails alone', () => {
  test.each([
    ['a syntax error', { query: 'subscription {' }, 'Syntax Error'],
    ['an empty query', { query: '' }, 'Syntax Error'],
    ['an unknown field', { query: 'subscription { nothing }' }, 'Cannot query field "nothing"'],
    ['a missing argument', { query: 'subscription { messageAdded { id } }' }, 'argument "roomId"'],
    [
      'two root fields',
      { query: 'subscription { a: messageAdded(roomId: "a") { id } b: messageAdded(roomId: "b") { id } }' },
      'must select only one top level field',
    ],
    [
      'an unknown operation name',
      { query: 'query A { __typename }', operationName: 'B' },
      'no operation of that name',
    ],
    [
      'several operations and no name',
      { query: 'query A { __typename } query B { __typename }' },
      'no name was given',
    ],
    ['a document without an operation', { query: 'fragment F on Query { __typename }' }, 'F'],
  ])('%s', async (_what, payload, text) => {
    const socket = await openSocket();
    const roomId = newRoom();
    socket.send(subscribeTo(roomId, 'other'));

    socket.subscribe('bad', payload);

    const message = await socket.next();
    expect(message).toMatchObject({ id: 'bad', type: 'error' });
    const errors = message.payload as { message: string; extensions: { code: string } }[];
    expect(errors[0]!.message).toContain(text);
    expect(errors[0]!.extensions.code).toMatch(
      /^(BAD_USER_INPUT|GRAPHQL_PARSE_FAILED|GRAPHQL_VALIDATION_FAILED)$/,
    );
    // The id is free again, and the other operation continues.
    socket.subscribe('bad', { query: '{ __typename }' });
    expect(await socket.take(2)).toEqual([
      { id: 'bad', type: 'next', payload: { data: { __typename: 'Query' } } },
      { id: 'bad', type: 'complete' },
    ]);
    await expectDelivery(socket, roomId, 'still there', ['other']);
  });

  test('variables of the wrong type', async () => {
    const socket = await openSocket();
    const { query } = paramsOf(MessageAdded, { roomId: '' });
    socket.subscribe('bad', { query, variables: { roomId: ['a', 'b'] } });

    const [result, complete] = await socket.take(2);
    expect(result).toMatchObject({
      id: 'bad',
      type: 'next',
      payload: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    });
    expect(complete).toEqual({ id: 'bad', type: 'complete' });
  });
});

describe('ping and pong', () => {
  test.each([[undefined], [{}], [{ text: 'ä"\\', deep: { list: [1, null] } }]])(
    'answers a ping with its payload: %j',
    async (payload) => {
      const socket = await openSocket();
      socket.send({ type: 'ping', payload });
      expect(await socket.next()).toEqual({ type: 'pong', ...(payload && { payload }) });
    },
  );

  test('answers a ping before connection_init', async () => {
    const socket = await RawSocket.open(used.server);
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
    await socket.close();
  });

  test('accepts an unsolicited pong, with or without a payload', async () => {
    const socket = await openSocket();
    socket.send({ type: 'pong' }, { type: 'pong', payload: { at: 1 } });
    expect(await socket.untilNow()).toEqual([]);
  });
});

describe('the end of an operation', () => {
  test('comes from the server after the result of a query', async () => {
    const socket = await openSocket();
    socket.subscribe('1', paramsOf(ConnectionCount, { roomId: 'empty' }));
    expect(await socket.take(2)).toEqual([
      { id: '1', type: 'next', payload: { data: { connectionCount: 0 } } },
      { id: '1', type: 'complete' },
    ]);
  });

  test('comes from the client for a subscription, and nothing is sent for it afterwards, not even complete', async () => {
    const socket = await openSocket();
    const roomId = newRoom();
    socket.send(subscribeTo(roomId, 'a'), subscribeTo(roomId, 'b'));
    await expectDelivery(socket, roomId, 'to both', ['a', 'b']);

    socket.send({ id: 'a', type: 'complete' });

    await expectDelivery(socket, roomId, 'to one', ['b']);
  });

  test('is ignored if the operation has ended or never existed', async () => {
    const socket = await openSocket();
    socket.subscribe('1', { query: '{ __typename }' });
    await socket.take(2);
    socket.send(
      { id: '1', type: 'complete' },
      { id: 'never', type: 'complete' },
      { id: '__proto__', type: 'complete' },
    );
    expect(await socket.untilNow()).toEqual([]);
  });

  test('is ignored as the very first message, and its id can be used afterwards', async () => {
    for (const id of ['1', '__proto__', 'constructor']) {
      const socket = await openSocket();
      socket.send({ id, type: 'complete' });
      socket.subscribe(id, { query: '{ __typename }' });
      expect(await socket.take(2)).toEqual([
        { id, type: 'next', payload: { data: { __typename: 'Query' } } },
        { id, type: 'complete' },
      ]);
    }
  });

  test('may come from the client before a subscription is live, which is then not counted', async () => {
    const socket = await openSocket();
    const roomId = newRoom();
    socket.sendTogether(subscribeTo(roomId, '1'), { id: '1', type: 'complete' });

    expect(await sendOver(socket, roomId, 'unheard')).toEqual([]);
    await until(async () => (await countOf(roomId)) === 0, { what: 'the connection to be removed' });
    expect(await socket.untilNow()).toEqual([]);
  });

  test('may come from the client before a query is answered, and then it is not answered', async () => {
    const socket = await openSocket();
    socket.sendTogether(
      { id: '1', type: 'subscribe', payload: paramsOf(ConnectionCount, { roomId: 'empty' }) },
      { id: '1', type: 'complete' },
    );
    socket.subscribe('2', paramsOf(ConnectionCount, { roomId: 'empty' }));
    expect((await socket.take(2)).map(({ id }) => id)).toEqual(['2', '2']);
  });
});

test('a client that reads late receives all its answers', async () => {
  const socket = await openSocket();
  const roomId = newRoom();
  await say(used.server, roomId, ...texts(20, 'x'.repeat(480)));
  // Far more than the sockets can buffer, so the server has to stop reading and continue later.
  socket.tcp.pause();
  const fields = Array.from({ length: 10 }, (_, index) => `c${index}: content`).join(' ');
  for (let index = 0; index < 200; index++) {
    socket.subscribe(`${index}`, { query: `{ messages(roomId: "${roomId}") { nodes { ${fields} } } }` });
  }
  socket.send(
    subscribeTo(roomId, 'follow'),
    { id: 'follow', type: 'complete' },
    subscribeTo(roomId, 'follow'),
  );
  socket.subscribe('last', { query: 'mutation { __typename }' });
  await until(() => socket.socket.bufferedAmount === 0, { what: 'all queries to be sent' });
  socket.tcp.resume();

  const answered = new Set<string>();
  while (answered.size < 201) {
    const { id, type } = await socket.next();
    if (type === 'complete') answered.add(id!);
  }
  await expectDelivery(socket, roomId, 'live', ['follow']);
});

test('a client that is far behind is still read from, and need not catch up first', async () => {
  const socket = await openSocket();
  const roomId = newRoom();
  await say(used.server, roomId, ...texts(20, 'x'.repeat(480)));
  socket.tcp.pause();
  const fields = Array.from({ length: 10 }, (_, index) => `c${index}: content`).join(' ');
  const query = `subscription { messageAdded(roomId: "${roomId}", last: 20) { ${fields} } }`;
  // About twenty megabytes, far more than the sockets can buffer.
  for (let index = 0; index < 200; index++) socket.subscribe(`${index}`, { query });
  await until(async () => (await countOf(roomId)) === 1, { what: 'the subscriptions to start' });
  // While its socket is full, the server stops reading, and later messages wait in the socket.
  socket.send({ type: 'ping' });
  await until(() => socket.socket.bufferedAmount === 0, { what: 'all to be sent' });
  for (let turn = 0; turn < 50; turn++) await nextTurn();
  socket.subscribe('asked', { query: 'mutation { __typename }' });
  socket.tcp.resume();

  let before = 0;
  for (;;) {
    const { id, type } = await socket.next();
    if (id === 'asked' && type === 'next') break;
    if (type === 'next') before += 1;
  }
  expect(before).toBeLessThan(200 * 20 * 0.9);
});

test('messages behind one that closes the socket are not handled', async () => {
  const socket = await openSocket();
  const roomId = newRoom();
  const again = subscribeTo(roomId, 'x');
  socket.sendTogether(again, { id: 'x', type: 'complete' }, again, again, {
    id: 'send',
    type: 'subscribe',
    payload: { query: `mutation { sendMessage(input: { roomId: "${roomId}", content: "late" }) { id } }` },
  });
  expect(await socket.closed).toMatchObject({ code: 4409 });
  expect(await used.redis.cli('LLEN', `messages:${roomId}`)).toBe('0');
});
