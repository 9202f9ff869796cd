import { type ChatMessage, followRoom, type ResumeEvent, send } from 'streamly-chat-client';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { MessageAdded } from '#test/support/documents.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { networkTo, newRoom, numbered, plainClient, resumingOver, say } from './fixture.js';

const used = useServer();

/** What the next so many are. */
async function take<T>(messages: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) taken.push((await messages.next()).value);
  return taken;
}

describe('followRoom', () => {
  test("gives a room's messages over drops, with graphql-ws' client as it is, and leaves with the loop", async () => {
    const network = await networkTo(used.server);
    const client = plainClient(network);
    const room = newRoom();
    await say(used.server, room, numbered('message', 5));
    const received: ChatMessage[] = [];
    for await (const message of followRoom(client, { roomId: room, last: 2 })) {
      received.push(message);
      if (received.length === 2) {
        network.cut();
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
    await until(() => network.open === 0, { what: 'the connection to be given up' });
  });

  test('goes on after a cursor, and tells what happens', async () => {
    const network = await networkTo(used.server);
    const { client } = resumingOver(plainClient(network));
    const room = newRoom();
    const [first] = await say(used.server, room, numbered('message', 3));
    const events: ResumeEvent['type'][] = [];
    const messages = followRoom(client, {
      roomId: room,
      after: first,
      last: 1,
      onEvent: ({ type }) => events.push(type),
    });
    const contents = (await take(messages, 2)).map(({ content }) => content);
    expect(contents).toEqual(['message 2', 'message 3']);
    await until(() => events.includes('live'), { what: 'it to be live' });
    expect(events).toEqual(['connecting', 'live']);
    await messages.return?.();
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });

  test('takes a query of its own, with its type', async () => {
    const network = await networkTo(used.server);
    const { client } = resumingOver(plainClient(network));
    const room = newRoom();
    await say(used.server, room, ['hello']);
    const text =
      'subscription ($roomId: ID!, $after: ID, $last: Int) { messageAdded(roomId: $roomId, after: $after, last: $last) { id author { name } } }';
    // As codegen makes it with documentMode: 'string'.
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

  test("rejects with the server's refusal, and is then at its end", async () => {
    const network = await networkTo(used.server);
    const { client } = resumingOver(plainClient(network));
    const messages = followRoom(client, { roomId: 'no room!', last: 1 });
    await expect(messages.next()).rejects.toMatchObject({ name: 'ChatClientError', code: 'BAD_USER_INPUT' });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
    await until(() => network.open === 0, { what: 'the connection to be given up' });
  });

  test('ends by its signal, also while it waits', async () => {
    const network = await networkTo(used.server);
    const { client } = resumingOver(plainClient(network));
    const given = new AbortController();
    const messages = followRoom(client, { roomId: newRoom(), signal: given.signal });
    const next = messages.next();
    const reason = new Error('enough');
    given.abort(reason);
    await expect(next).rejects.toBe(reason);
    await until(() => network.open === 0, { what: 'the connection to be given up' });
    expect(() => followRoom(client, { roomId: newRoom(), signal: given.signal })).toThrow(reason);
  });

  test('ends with the client', async () => {
    const network = await networkTo(used.server);
    const { client } = resumingOver(plainClient(network));
    const next = followRoom(client, { roomId: newRoom() }).next();
    await until(() => network.open === 1, { what: 'a connection' });
    await client.dispose();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
