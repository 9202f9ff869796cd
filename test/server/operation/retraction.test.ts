/** Retracting messages over the public interface: who may, and what clients receive. */
import { beforeAll, describe, expect, test } from 'vitest';
import { paramsOf, post, run } from '#test/support/clients/http.js';
import { eventStream, http, webSocket } from '#test/support/clients/transports.js';
import {
  MessageAdded,
  Messages,
  RetractMessages,
  RoomById,
  RoomEvents,
  RoomUpdated,
  SendMessage,
} from '#test/support/documents.js';
import { say } from '#test/support/say.js';
import { bearer } from '#test/support/sign-in.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer(JWT_ENV);

/** The callers of the tests. A guest has no headers. */
const callers: Record<string, Record<string, string>> = { guest: {} };
beforeAll(async () => {
  for (const [name, roles] of [
    ['viewer', []],
    ['author', []],
    ['moderator', ['moderator']],
    ['another moderator', ['moderator']],
    ['service', ['service']],
  ] as const) {
    callers[name] = bearer(await tokenOf({ sub: name, name, roles }));
  }
});

let rooms = 0;
const newRoom = () => `room${++rooms}`;

async function sendAs(caller: string, roomId: string, content: string, more = {}): Promise<string> {
  const params = paramsOf(SendMessage, { input: { roomId, content, ...more } });
  const { body } = await post(used.server, params, callers[caller]);
  expect(body.errors).toBeUndefined();
  return (body.data as { sendMessage: { id: string } }).sendMessage.id;
}

/** Retracts as a caller. Returns the outcome, or the code of the error. */
async function retractAs(caller: string, roomId: string, ids: string[], reason?: string) {
  const params = paramsOf(RetractMessages, { roomId, ids, reason });
  const { body } = await post(used.server, params, callers[caller]);
  if (body.errors !== undefined) return String(body.errors[0]!.extensions?.code);
  return (body.data as { retractMessages: { retracted: string[]; missing: string[] } }).retractMessages;
}

describe('retractMessages', () => {
  test.each([
    // message of    guest              viewer        author       moderator    another      service
    ['guest', ['UNAUTHENTICATED', 'FORBIDDEN', 'FORBIDDEN', 'yes', 'yes', 'yes']],
    ['author', ['UNAUTHENTICATED', 'FORBIDDEN', 'yes', 'yes', 'yes', 'yes']],
    ['moderator', ['UNAUTHENTICATED', 'FORBIDDEN', 'FORBIDDEN', 'yes', 'FORBIDDEN', 'yes']],
    ['service', ['UNAUTHENTICATED', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'yes']],
  ])('of a message of the %s is allowed to those who may', async (sender, expected) => {
    const outcomes: unknown[] = [];
    for (const caller of ['guest', 'viewer', 'author', 'moderator', 'another moderator', 'service']) {
      const roomId = newRoom();
      const id = await sendAs(sender, roomId, 'hello');
      const outcome = await retractAs(caller, roomId, [id]);
      const left = (await run(used.server, Messages, { roomId })).messages.nodes.length;
      expect(left).toBe(typeof outcome === 'string' ? 1 : 0);
      outcomes.push(typeof outcome === 'string' ? outcome : 'yes');
      if (typeof outcome !== 'string') expect(outcome).toEqual({ retracted: [id], missing: [] });
    }
    expect(outcomes).toEqual(expected);
  });

  test('says which ids are no messages, and may be repeated', async () => {
    const roomId = newRoom();
    const id = await sendAs('author', roomId, 'hello');
    const outcome = { retracted: [id], missing: ['1-0'] };
    expect(await retractAs('moderator', roomId, ['1-0', id], 'spam')).toEqual(outcome);
    expect(await retractAs('moderator', roomId, [id, '1-0', id])).toEqual(outcome);
    expect(await retractAs('moderator', newRoom(), [id])).toEqual({ retracted: [], missing: [id] });
  });

  test.each<[string, { roomId?: string; ids?: string[]; reason?: string }, string]>([
    ['no ids', { ids: [] }, 'ids'],
    ['too many ids', { ids: Array.from({ length: 51 }, (_, index) => `1-${index}`) }, 'ids'],
    ['text that is no id', { ids: ['1-0', 'x'] }, 'ids'],
    ['the beginning', { ids: ['0'] }, 'ids'],
    ['an invalid room', { roomId: 'a b' }, 'roomId'],
    ['an empty reason', { reason: ' ' }, 'reason'],
  ])('refuses %s', async (_, more, field) => {
    const params = paramsOf(RetractMessages, { roomId: 'room', ids: ['1-0'], ...more });
    const { body } = await post(used.server, params, callers.service);
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('refuses to send a retracted message again with its nonce', async () => {
    const roomId = newRoom();
    const nonce = 'n1';
    const id = await sendAs('author', roomId, 'hello', { nonce });
    expect(await sendAs('author', roomId, 'hello', { nonce })).toBe(id);
    await retractAs('author', roomId, [id]);
    const params = paramsOf(SendMessage, { input: { roomId, content: 'hello', nonce } });
    const { body } = await post(used.server, params, callers.author);
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe.each([webSocket, eventStream])('roomEvents over $name', (transport) => {
  test('gives messages and retractions in order, and resumes after any of them', async () => {
    const roomId = newRoom();
    const live = await transport.follow(used.server, RoomEvents, { roomId });
    const [a, b] = await say(used.server, roomId, 'a', 'b');
    await retractAs('moderator', roomId, [a!.id]);
    const [c] = await say(used.server, roomId, 'c');
    const events = (await live.take(4)).map(({ roomEvents }) => roomEvents);
    expect(events).toEqual([
      { ...placeOf(a!.id), __typename: 'MessageSent', message: { id: a!.id, content: 'a' } },
      { ...placeOf(b!.id), __typename: 'MessageSent', message: { id: b!.id, content: 'b' } },
      {
        ...placeOf(events[2]!.cursor),
        __typename: 'MessagesRetracted',
        messageIds: [a!.id],
        author: null,
      },
      { ...placeOf(c!.id), __typename: 'MessageSent', message: { id: c!.id, content: 'c' } },
    ]);
    live.leave();
    for (const [index, after] of ['0', ...events.map(({ cursor }) => cursor)].entries()) {
      const resumed = await transport.follow(used.server, RoomEvents, { roomId, after });
      const rest = events.slice(index).filter((event) => event.cursor !== a!.id);
      expect((await resumed.take(rest.length)).map(({ roomEvents }) => roomEvents)).toEqual(rest);
      resumed.leave();
    }
    function placeOf(cursor: string) {
      return { cursor, roomId, at: new Date(Number(cursor.split('-')[0])).toISOString() };
    }
  });

  test('begins with the newest visible messages', async () => {
    const roomId = newRoom();
    const sent = await say(used.server, roomId, 'a', 'b', 'c', 'd');
    await retractAs('moderator', roomId, [sent[2]!.id]);
    const joined = await transport.follow(used.server, RoomEvents, { roomId, last: 2 });
    await retractAs('moderator', roomId, [sent[0]!.id]);
    expect((await joined.take(3)).map(({ roomEvents }) => roomEvents)).toMatchObject([
      { message: { content: 'b' } },
      { message: { content: 'd' } },
      { messageIds: [sent[0]!.id] },
    ]);
    joined.leave();
  });

  test('leaves clients that only know messageAdded as they are', async () => {
    const roomId = newRoom();
    const live = await transport.follow(used.server, MessageAdded, { roomId });
    const [a] = await say(used.server, roomId, 'a');
    await retractAs('moderator', roomId, [a!.id]);
    const [b] = await say(used.server, roomId, 'b');
    const received = (await live.take(2)).map(({ messageAdded }) => messageAdded.content);
    expect(received).toEqual(['a', 'b']);
    live.leave();
    const resumed = await transport.follow(used.server, MessageAdded, { roomId, after: a!.id });
    expect((await resumed.next()).messageAdded.id).toBe(b!.id);
    resumed.leave();
  });

  test('refuses what messageAdded refuses', async () => {
    for (const [variables, code] of [
      [{ roomId: 'a b' }, 'BAD_USER_INPUT'],
      [{ roomId: 'x', last: -1 }, 'BAD_USER_INPUT'],
      [{ roomId: 'x', last: 1, after: '0' }, 'BAD_USER_INPUT'],
      [{ roomId: 'x', after: '7-0' }, 'CURSOR_EXPIRED'],
    ] as const) {
      const { errors } = await transport.ask(used.server, paramsOf(RoomEvents, variables));
      expect(errors?.[0]?.extensions?.code).toBe(code);
    }
  });
});

describe('after a retraction', () => {
  test('history, the last message and following a room do without the message', async () => {
    const roomId = newRoom();
    const [a, b] = await say(used.server, roomId, 'a', 'b');
    const room = await webSocket.follow(used.server, RoomUpdated, { roomId });
    // The node sees a retraction if the room is open on it.
    const live = await webSocket.follow(used.server, RoomEvents, { roomId });
    expect((await room.next()).roomUpdated.lastMessage).toMatchObject({ content: 'b' });
    await retractAs('moderator', roomId, [b!.id]);
    await live.next();
    const joined = await webSocket.follow(used.server, RoomUpdated, { roomId });
    expect((await joined.next()).roomUpdated.lastMessage).toMatchObject({ content: 'a' });
    expect((await room.next()).roomUpdated.lastMessage).toMatchObject({ content: 'a' });
    for (const following of [room, joined, live]) following.leave();
    const { data } = await http.ask(used.server, paramsOf(RoomById, { id: roomId }));
    expect(data).toMatchObject({ room: { lastMessage: { id: a!.id } } });
    const { messages } = await run(used.server, Messages, { roomId, last: 5 });
    expect(messages.nodes.map(({ content }) => content)).toEqual(['a']);
    const page = await run(used.server, Messages, { roomId, after: b!.id });
    expect(page.messages.nodes).toEqual([]);
  });
});
