/** Every close code of graphql-ws' PROTOCOL.md and of WebSocket itself, tested with a raw socket. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ CONNECTION_INIT_TIMEOUT_MS: 60_000, MESSAGE_BYTES_LIMIT: 4_096 });

const INIT = { type: 'connection_init' };
const FOLLOW = { query: 'subscription { messageAdded(roomId: "room1") { id } }' };
const follow = (id: string) => ({ id, type: 'subscribe', payload: FOLLOW });

describe('an invalid message closes the socket with 4400', () => {
  test.each([
    ['invalid JSON', '{"type":'],
    ['an empty text', ''],
    ['an array', '[]'],
    ['null', 'null'],
    ['a number', '4400'],
    ['a string', '"ping"'],
    ['a string that contains a message', JSON.stringify(JSON.stringify(follow('1')))],
    ['an object without a type', '{}'],
    ['a type that is not a string', '{"type":1}'],
    ['an unknown type', '{"type":"start","id":"1"}'],
    ['a type of the older protocol', '{"type":"connection_terminate"}'],
    ['a type that is the name of an inherited property', '{"type":"constructor"}'],
    ['a payload of connection_init that is not an object', '{"type":"connection_init","payload":"token"}'],
    ['a payload of ping that is not an object', '{"type":"ping","payload":1}'],
    ['subscribe without an id', '{"type":"subscribe","payload":{"query":"{__typename}"}}'],
    ['subscribe with an empty id', '{"type":"subscribe","id":"","payload":{"query":"{__typename}"}}'],
    ['subscribe with a number for an id', '{"type":"subscribe","id":1,"payload":{"query":"{__typename}"}}'],
    ['subscribe without a payload', '{"type":"subscribe","id":"1"}'],
    ['subscribe without a query', '{"type":"subscribe","id":"1","payload":{}}'],
    ['a query that is not a string', '{"type":"subscribe","id":"1","payload":{"query":{}}}'],
    [
      'variables that are a string',
      '{"type":"subscribe","id":"1","payload":{"query":"{__typename}","variables":"{}"}}',
    ],
    [
      'an operation name that is not a string',
      '{"type":"subscribe","id":"1","payload":{"query":"{__typename}","operationName":1}}',
    ],
    ['complete without an id', '{"type":"complete"}'],
    ['complete with an object for an id', '{"type":"complete","id":{"toString":1}}'],
    [
      'subscribe with an object for an id',
      '{"type":"subscribe","id":{"toString":1},"payload":{"query":"{__typename}"}}',
    ],
    ['connection_ack, which only servers send', '{"type":"connection_ack"}'],
    ['next, which only servers send', '{"type":"next","id":"1","payload":{}}'],
    ['error, which only servers send', '{"type":"error","id":"1","payload":[{"message":"no"}]}'],
  ])('%s', async (_what, text) => {
    const socket = await RawSocket.ready(used.server);
    socket.send(text);

    const { code, reason } = await socket.closed;
    expect(code, reason).toBe(4400);
    await expect(socket.next()).rejects.toThrow('closed');
  });
});

describe('the order of messages', () => {
  test('closes with 4401 if an operation comes before connection_ack', async () => {
    const socket = await RawSocket.open(used.server);
    socket.send(follow('1'));
    expect(await socket.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
  });

  describe('with a short timeout', () => {
    const impatient = useServer({ CONNECTION_INIT_TIMEOUT_MS: 300 });

    test('closes with 4408 only if connection_init does not arrive in time', async () => {
      const inTime = await RawSocket.ready(impatient.server);
      const late = await RawSocket.open(impatient.server);
      expect(await late.closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' });
      expect(await inTime.untilNow()).toEqual([]);
      await inTime.close();
    });
  });

  test('closes with 4409 if an id is already in use', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.send(follow('1'), follow('1'));
    expect(await socket.closed).toEqual({ code: 4409, reason: 'Subscriber for 1 already exists' });
  });

  test('closes with 4409 if a query uses the id of a subscription', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.send(follow('1'));
    socket.subscribe('1', { query: '{ __typename }' });
    expect((await socket.closed).code).toBe(4409);
  });

  test('closes with 4429 if connection_init comes twice', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.send(INIT);
    expect(await socket.closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
  });

  test('closes with 4429 if connection_init comes twice at once', async () => {
    const socket = await RawSocket.open(used.server);
    socket.sendTogether(INIT, INIT);
    expect((await socket.closed).code).toBe(4429);
  });
});

describe('the subprotocol', () => {
  test('is graphql-transport-ws, at any position among the offers', async () => {
    const socket = await RawSocket.open(used.server, ['graphql-ws', 'graphql-transport-ws']);
    expect(socket.socket.protocol).toBe('graphql-transport-ws');
    await socket.close();
  });

  test.each([[['graphql-ws']], [['chat']], [[]]])(
    'closes with 4406 if only %j is offered',
    async (protocols) => {
      // A well-behaved client fails if the server accepts none of its offers. This client continues.
      const { code } = await closingOf(protocols);
      expect(code).toBe(4406);
    },
  );
});

describe('WebSocket itself', () => {
  test('closes with 1009 if a message is too long', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.send({ type: 'ping', payload: { filler: 'x'.repeat(4_096) } });
    expect((await socket.closed).code).toBe(1009);
  });

  test('accepts a message of the maximum length', async () => {
    const socket = await RawSocket.ready(used.server);
    const empty = JSON.stringify({ type: 'ping', payload: { filler: '' } }).length;
    const ping = { type: 'ping', payload: { filler: 'x'.repeat(4_096 - empty) } };
    socket.send(ping);
    expect(await socket.next()).toEqual({ ...ping, type: 'pong' });
    await socket.close();
  });

  test('closes with 1007 if a text is not valid UTF-8', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await socket.closed).code).toBe(1007);
  });

  test('closes with 1002 if a frame breaks the protocol', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.tcp.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0])); // reserved bits are set
    expect((await socket.closed).code).toBe(1002);
  });

  test('accepts a message in a binary frame as text', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect(await socket.next()).toEqual({ type: 'pong' });
    await socket.close();
  });

  test('answers a close with the same code', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.socket.close(1000, 'bye');
    expect((await socket.closed).code).toBe(1000);
  });

  test('survives an upgrade that breaks off at once', async () => {
    const { port } = new URL(used.server.origin);
    for (let count = 0; count < 20; count++) {
      const tcp = connect(Number(port), '127.0.0.1');
      tcp.write('GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
      tcp.write(`Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Version: 13\r\n\r\n`);
      if (count % 2 === 0) await once(tcp, 'data');
      tcp.resetAndDestroy();
      await once(tcp, 'close');
    }
    await (await RawSocket.ready(used.server)).close();
  });

  test('is not available at another path', async () => {
    await expect(
      RawSocket.open({ ...used.server, wsUrl: used.server.wsUrl.replace('graphql', 'other') }),
    ).rejects.toThrow('404');
  });
});

/** How the server closes a socket that offers these protocols, read from the raw frames. */
async function closingOf(protocols: string[]): Promise<{ code: number }> {
  const { port } = new URL(used.server.origin);
  const tcp = connect(Number(port), '127.0.0.1');
  const offer = protocols.length > 0 ? `Sec-WebSocket-Protocol: ${protocols.join(', ')}\r\n` : '';
  tcp.write('GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
  tcp.write(`Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Version: 13\r\n${offer}\r\n`);
  let bytes = Buffer.alloc(0);
  for await (const chunk of tcp) {
    bytes = Buffer.concat([bytes, chunk]);
    const frame = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
    // 0x88: a close frame, whose payload starts with the code.
    if (frame.length >= 4 && frame[0] === 0x88) return { code: frame.readUInt16BE(2) };
  }
  throw new Error(`No close frame: ${bytes}`);
}
