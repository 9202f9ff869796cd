import { expect, onTestFinished } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket, type WireMessage } from '#test/support/clients/raw-socket.js';
import { MessageAdded, SendMessage } from '#test/support/documents.js';
import { useServer } from '#test/support/use-server.js';

/** The message that subscribes to a room. */
export const subscribeTo = (roomId: string, id: string) => ({
  id,
  type: 'subscribe',
  payload: paramsOf(MessageAdded, { roomId }),
});
const sendTo = (roomId: string, content: string, id: string) => ({
  id,
  type: 'subscribe',
  payload: paramsOf(SendMessage, { input: { roomId, content } }),
});
const nextOf = (id: string, content: string) => ({
  id,
  type: 'next',
  payload: { data: { messageAdded: expect.objectContaining({ content }) } },
});

/** Sends over this socket. Returns everything else that arrived before the answer. */
export async function sendOver(socket: RawSocket, roomId: string, content: string): Promise<WireMessage[]> {
  socket.send(sendTo(roomId, content, `send ${content}`));
  const others: WireMessage[] = [];
  for (;;) {
    const message = await socket.next();
    if (message.id !== `send ${content}`) others.push(message);
    else if (message.type === 'complete') return others;
    else expect(message).toMatchObject({ type: 'next', payload: { data: { sendMessage: { content } } } });
  }
}

/** Sends, and expects the message on these operations and nothing else on this socket. */
export async function expectDelivery(
  socket: RawSocket,
  roomId: string,
  content: string,
  ids: string[],
): Promise<void> {
  const messages = await sendOver(socket, roomId, content);
  while (messages.length < ids.length) messages.push(await socket.next());
  expect(messages).toEqual(expect.arrayContaining(ids.map((id) => nextOf(id, content))));
  expect(messages).toHaveLength(ids.length);
}

/** Starts a server for the tests of a file, with what those that use rooms over WebSockets need. */
export function useRooms(variables: Record<string, string | number> = {}) {
  const used = useServer(variables);
  let rooms = 0;
  return {
    used,
    newRoom: () => `room-${++rooms}`,
    async openSocket(): Promise<RawSocket> {
      const socket = await RawSocket.ready(used.server);
      onTestFinished(() => socket.close());
      return socket;
    },
    /** The connections that the room counts. */
    countOf: async (roomId: string) => Number(await used.redis.cli('SCARD', `connections:${roomId}`)),
  };
}
