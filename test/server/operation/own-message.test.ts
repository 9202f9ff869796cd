/** A connection that subscribes and then sends receives its own message. */
import { expect, test } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket, type WireMessage } from '#test/support/clients/raw-socket.js';
import { MessageAdded, SendMessage } from '#test/support/documents.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ OPERATIONS_PER_CONNECTION: 0 });

const TIMES = 100;

test('a connection that subscribes and sends in one write receives its own message', async () => {
  const socket = await RawSocket.ready(used.server);
  const burst: WireMessage[] = [];
  for (let index = 0; index < TIMES; index++) {
    const roomId = `room-${index}`;
    burst.push(
      { id: `follow ${index}`, type: 'subscribe', payload: paramsOf(MessageAdded, { roomId }) },
      {
        id: `send ${index}`,
        type: 'subscribe',
        payload: paramsOf(SendMessage, { input: { roomId, content: `mine ${index}` } }),
      },
    );
  }
  socket.sendTogether(...burst);

  const received = await socket.take(3 * TIMES);
  for (let index = 0; index < TIMES; index++) {
    const of = (id: string) => received.filter((message) => message.id === `${id} ${index}`);
    const content = `mine ${index}`;
    expect(of('follow')).toMatchObject([{ type: 'next', payload: { data: { messageAdded: { content } } } }]);
    expect(of('send')).toMatchObject([
      { type: 'next', payload: { data: { sendMessage: { content } } } },
      { type: 'complete' },
    ]);
  }
  await socket.close();
});

test('a hundred connections that subscribe to one room and send at once receive their own messages', async () => {
  const sockets = await Promise.all(Array.from({ length: TIMES }, () => RawSocket.ready(used.server)));
  for (const [index, socket] of sockets.entries()) {
    const input = { roomId: 'shared', content: `from ${index}` };
    socket.sendTogether(
      { id: 'follow', type: 'subscribe', payload: paramsOf(MessageAdded, { roomId: 'shared' }) },
      { id: 'send', type: 'subscribe', payload: paramsOf(SendMessage, { input }) },
    );
  }
  for (const [index, socket] of sockets.entries()) {
    for (let isOwn = false; !isOwn; ) {
      const message = await socket.next();
      isOwn = message.id === 'follow' && JSON.stringify(message.payload).includes(`"from ${index}"`);
    }
  }
  await Promise.all(sockets.map((socket) => socket.close()));
});
