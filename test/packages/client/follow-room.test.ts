import { type ChatMessage, followRoom, type ResumeEvent, send } from 'streamly-chat-client';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { MessageAdded } from '#test/support/documents.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { newRoom, numbered, plainClient, resumingOver, sendAll, startProxy } from './fixture.js';

const used = useServer();

/** Reads a number of messages. */
async function take<T>(messages: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) taken.push((await messages.next()).value);
  return taken;
}

describe('followRoom', () => {
  test('yields messages across a lost connection with a plain graphql-ws client, and disconnects after the loop', async () => {
    const proxy = await startProxy(used.server);
    const client = plainClient(proxy);
    const room = newRoom();
    await sendAll(used.server, room, numbered('message', 5));
    const received: ChatMessage[] = [];
    for await (const message of followRoom(client, { roomId: room, last: 2 })) {
      received.push(message);
      if (received.length === 2) {
        proxy.cut();
        await send(client, { roomId: room, content: 'after the drop', author: 'Ada' });
      }
      if (received.length === 3) break;
    }
    expect(received.map(({ content }) => content)).toEqual(['message 4', 'message 5', 'after the drop']);
    expect(received[2]).toMatchObject({
      roomId: room,
      author: { name: 'Ada' },
      createdAt: expect.any(String),
    });
    await until(() => proxy.open === 0, { what: 'the connection to close' });
  });

  test('starts after a cursor, and emits events', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const room = newRoom();
    const [first] = await sendAll(used.server, room, numbered('message', 3));
    const events: ResumeEvent['type'][] = [];
    const messages = followRoom(client, {
      roomId: room,
      after: first,
      last: 1,
      onEvent: ({ type }) => events.push(type),
    });
    const contents = (await take(messages, 2)).map(({ content }) => content);
    expect(contents).toEqual(['message 2', 'message 3']);
    await until(() => events.includes('live'), { what: 'the event live' });
    expect(events).toEqual(['connecting', 'live']);
    await messages.return?.();
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });

  test('accepts a custom query, and infers the type of its messages', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const room = newRoom();
    await sendAll(used.server, room, ['hello']);
    const text =
      'subscription ($roomId: ID!, $after: ID, $last: Int) { messageAdded(roomId: $roomId, after: $after, last: $last) { id author { name } } }';
    // What codegen generates with documentMode: 'string'.
    const query = Object.assign(new String(text), {
      __apiType: undefined as
        | ((variables: { roomId: string }) => { messageAdded: { id: string; author: { name: string } } })
        | undefined,
    });
    const messages = followRoom(client, { roomId: room, last: 1, query });
    const [message] = await take(messages, 1);
    expectTypeOf(message!).toEqualTypeOf<{ id: string; author: { name: string } }>();
    expect(message).toEqual({ id: expect.any(String), author: { name: 'Guest' } });
    await messages.return?.();
    expect(() => followRoom(client, { roomId: room, query: MessageAdded })).toThrow(/print\(document\)/);
  });

  test("rejects with the server's refusal once, and is then done", async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const messages = followRoom(client, { roomId: 'no room!', last: 1 });
    await expect(messages.next()).rejects.toMatchObject({ name: 'ChatClientError', code: 'BAD_USER_INPUT' });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
    await until(() => proxy.open === 0, { what: 'the connection to close' });
  });

  test('rejects with the reason of its signal, even while it waits for a message', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const controller = new AbortController();
    const messages = followRoom(client, { roomId: newRoom(), signal: controller.signal });
    const next = messages.next();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    await until(() => proxy.open === 0, { what: 'the connection to close' });
    expect(() => followRoom(client, { roomId: newRoom(), signal: controller.signal })).toThrow(reason);
  });

  test('ends when the client is disposed of', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const next = followRoom(client, { roomId: newRoom() }).next();
    await until(() => proxy.open === 1, { what: 'a connection' });
    await client.dispose();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
