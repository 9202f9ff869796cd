/** Following everything that happens in a room with the client package. */
import {
  EMPTY_ROOM,
  followRoom,
  type RoomEvent,
  type RoomState,
  reduceRoom,
  resumingClient,
} from 'streamly-chat-client';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { paramsOf, post } from '#test/support/clients/http.js';
import { RetractMessages } from '#test/support/documents.js';
import { bearer } from '#test/support/sign-in.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { useServer } from '#test/support/use-server.js';
import {
  newRoom,
  numbered,
  onTestEnd,
  plainClient,
  QUICK,
  resumingOver,
  sendAll,
  startProxy,
  waitForEvent,
} from './fixture.js';

import { ScriptedClient } from './scripted-client.js';

const used = useServer({ ...JWT_ENV, ALLOW_GUESTS: 'true', HISTORY_LIMIT: 20, PAGE_SIZE_LIMIT: 10 });

async function retract(roomId: string, ...ids: string[]): Promise<void> {
  const moderator = bearer(await tokenOf({ sub: 'mod', roles: ['moderator'] }));
  const { body } = await post(used.server, paramsOf(RetractMessages, { roomId, ids }), moderator);
  expect(body.errors).toBeUndefined();
}

describe('followRoom with events', () => {
  test('yields messages and retractions across a lost connection, each once', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const room = newRoom();
    const [a, b] = await sendAll(used.server, room, ['a', 'b']);
    const events = followRoom(client, { roomId: room, last: 5, events: true });
    expectTypeOf(events).toEqualTypeOf<AsyncIterableIterator<RoomEvent>>();
    let state = EMPTY_ROOM as RoomState;
    const received: RoomEvent[] = [];
    for await (const event of events) {
      received.push(event);
      state = reduceRoom(state, event);
      if (received.length === 2) {
        proxy.cut();
        await retract(room, a!);
        await sendAll(used.server, room, ['c']);
        await retract(room, b!);
      }
      if (received.length === 5) break;
    }
    expect(received.map((event) => event.__typename)).toEqual([
      'MessageSent',
      'MessageSent',
      'MessagesRetracted',
      'MessageSent',
      'MessagesRetracted',
    ]);
    expect(state.messages.map(({ content }) => content)).toEqual(['c']);
  });

  test('marks a gap, after which the visible messages follow again', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy), { lastAfterGap: 5 });
    const room = newRoom();
    await sendAll(used.server, room, ['old']);
    const following = followRoom(client, { roomId: room, last: 5, events: true });
    const next = async () => (await following.next()).value as RoomEvent;
    let state = reduceRoom(EMPTY_ROOM as RoomState, await next());
    expect(state.messages).toHaveLength(1);
    proxy.refuse();
    const sent = await sendAll(used.server, room, numbered('new', 25));
    await retract(room, sent.at(-1)!);
    proxy.restore();
    await waitForEvent(events, 'gap');
    for (let taken = 0; taken < 6; taken += 1) state = reduceRoom(state, await next());
    expect(state.messages.map(({ content }) => content)).toEqual(
      [20, 21, 22, 23, 24].map((at) => `new ${at}`),
    );
    await following.return?.();
  });
});

test('a resuming client resumes roomEvents by the cursor of the event', async () => {
  const scripted = new ScriptedClient();
  // Without a listener, it does not query the head of the room.
  const client = resumingClient(scripted, QUICK);
  onTestEnd(() => client.dispose());
  const query = 'subscription ($r: ID!, $a: ID) { roomEvents(roomId: $r, after: $a) { cursor } }';
  const results: unknown[] = [];
  let error: unknown;
  client.subscribe(
    { query, variables: { r: 'room1', a: '1-0' } },
    {
      next: (result) => results.push(result.data),
      error: (cause) => (error = cause),
      complete: () => undefined,
    },
  );
  const event = (cursor: unknown) => ({ data: { roomEvents: { cursor } } });
  const first = scripted.last;
  for (const cursor of ['2-0', '2-0', '3-1']) first.next(event(cursor));
  expect(results).toEqual([event('2-0').data, event('3-1').data]);
  first.error(new Error('gone'));
  await expect.poll(() => scripted.last).not.toBe(first);
  expect(scripted.last.sent.variables).toMatchObject({ r: 'room1', a: '3-1' });
  scripted.last.next(event(undefined));
  await expect.poll(() => error).toMatchObject({ name: 'DocumentError', message: /cursor of the event/ });
});
