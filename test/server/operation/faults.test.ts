/** Internal errors: the client receives only an id, and the log has the details under that id. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { eventStream, http, webSocket } from '#test/support/clients/transports.js';
import { MessageAdded, Messages, SendMessage } from '#test/support/documents.js';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';

// Two faults that do not occur by themselves: the list's key holds a string, so Redis answers WRONGTYPE, and
// Redis does not know SCARD, which counts connections.
const roomId = 'broken';

const used = useRedis({ args: ['--rename-command', 'SCARD', ''] });
let server: ServerProcess;
beforeAll(async () => {
  server = await spawnServer({ redisUrl: used.redis.url });
});
afterAll(() => server?.close());
beforeEach(() => used.redis.cli('SET', `messages:${roomId}`, 'x'));

const SEND = paramsOf(SendMessage, { input: { roomId, content: 'a secret' } });
const READ = paramsOf(Messages, { roomId });
const FOLLOW = paramsOf(MessageAdded, { roomId });
const FOLLOW_LIVE = paramsOf(MessageAdded, { roomId: 'fine' });

/** Expects a masked error and returns its id. Events have no locations, as documents that differ share them. */
function expectMasked(
  result: { errors?: readonly object[] },
  of: 'an event' | 'an answer' = 'an answer',
): string {
  expect(result.errors).toEqual([
    {
      message: 'Something went wrong on the server.',
      extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.stringMatching(/^[\w-]{8,}$/) },
      path: expect.any(Array),
      ...(of === 'an answer' && { locations: expect.any(Array) }),
    },
  ]);
  expect(JSON.stringify(result)).not.toMatch(
    /WRONGTYPE|SCARD|command|redis|lua|stack|node_modules|\.js|secret/i,
  );
  return (result.errors![0] as { extensions: { errorId: string } }).extensions.errorId;
}

async function expectLogged(errorId: string, reason = 'WRONGTYPE'): Promise<void> {
  const logged = () => server.log.filter((record) => record.errorId === errorId);
  await until(() => logged().length > 0, { what: `the log of ${errorId}` });
  expect(logged()).toHaveLength(1);
  expect(logged()[0]).toMatchObject({ level: 'error', err: { stack: expect.stringContaining(reason) } });
}

describe.each([http, webSocket, eventStream])('over $name', ({ ask }) => {
  test.each([
    ['a send', SEND],
    ['a query', READ],
  ])('masks and logs once an internal error of %s', async (_what, params) => {
    await expectLogged(expectMasked(await ask(server, params)));
  });
});

describe.each([webSocket, eventStream])('a subscription over $name', ({ ask, follow }) => {
  test('masks and logs a fault at its start once', async () => {
    await expectLogged(expectMasked(await ask(server, FOLLOW)));
  });

  test('reports a message that cannot be resolved, and continues', async () => {
    const query = 'subscription { messageAdded(roomId: "fine") { content room { connectionCount } } }';
    const following = await follow(server, { query });
    onTestFinished(() => following.leave());
    for (const content of ['one', 'two']) {
      await http.ask(server, paramsOf(SendMessage, { input: { roomId: 'fine', content } }));
      const result = await following.nextResult();
      await expectLogged(expectMasked(result!, 'an event'), 'Unknown Redis command');
    }
  });
});

test('a connection still works after internal errors, and so do its other operations', async () => {
  const socket = await RawSocket.ready(server);
  socket.subscribe('fine', FOLLOW_LIVE);
  for (const [id, params] of Object.entries({ send: SEND, read: READ, follow: FOLLOW })) {
    socket.subscribe(id, params);
    expectMasked((await socket.next()).payload as object);
    expect(await socket.next()).toEqual({ id, type: 'complete' });
  }
  await http.ask(server, paramsOf(SendMessage, { input: { roomId: 'fine', content: 'still here' } }));
  expect(await socket.next()).toMatchObject({
    id: 'fine',
    payload: { data: { messageAdded: { content: 'still here' } } },
  });
  await socket.close();
});

test('does not log errors of clients, or clients that leave', async () => {
  const before = server.log.length;
  await http.ask(server, { query: '{ nothing' });
  await webSocket.ask(server, { query: '{ nothing }' });
  await eventStream.ask(server, paramsOf(MessageAdded, { roomId: '' }));
  for (const text of ['nonsense', '{"type":"next","id":"1","payload":{}}']) {
    const socket = await RawSocket.ready(server);
    socket.send(text);
    await socket.closed;
  }
  for (let count = 0; count < 10; count++) {
    const socket = await RawSocket.ready(server);
    socket.subscribe('1', FOLLOW_LIVE);
    socket.subscribe('2', SEND.query === undefined ? {} : paramsOf(Messages, { roomId: 'fine' }));
    socket.crash();
    await socket.closed;
  }
  expect((await http.ask(server, { query: '{ __typename }' })).data).toBeTruthy();
  expect(server.log.slice(before)).toEqual([]);
});
