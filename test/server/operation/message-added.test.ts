/** Where a subscription starts, and that it continues without gaps or duplicates. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventStream, type Following, webSocket } from '#test/support/clients/transports.js';
import { MessageAdded } from '#test/support/documents.js';
import type { MessageAddedSubscription } from '#test/support/generated/graphql.js';
import { say, texts } from '#test/support/say.js';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ HISTORY_LIMIT: 60, PAGE_SIZE_LIMIT: 20, ROOM_LOG_CAPACITY: 20 });

let rooms = 0;
const newRoom = () => `room-${++rooms}`;

type Follower = Following<MessageAddedSubscription>;
const contentsOf = (events: MessageAddedSubscription[]) =>
  events.map(({ messageAdded }) => messageAdded.content);

describe.each([webSocket, eventStream])('messageAdded over $name', (transport) => {
  async function follow(roomId: string, start: { after?: string; last?: number } = {}): Promise<Follower> {
    const following = await transport.follow(used.server, MessageAdded, { roomId, ...start });
    onTestFinished(() => following.leave());
    return following;
  }

  /** Expects these messages next, followed directly by one that is sent now. */
  async function expectThenLive(following: Follower, roomId: string, expected: string[]): Promise<void> {
    await say(used.server, roomId, 'live 1', 'live 2');
    const all = [...expected, 'live 1', 'live 2'];
    expect(contentsOf(await following.take(all.length))).toEqual(all);
  }

  test('starts with new messages if no start is given', async () => {
    const roomId = newRoom();
    await say(used.server, roomId, 'before');
    await expectThenLive(await follow(roomId), roomId, []);
  });

  test('delivers each message as its sender received it', async () => {
    const roomId = newRoom();
    const following = await follow(roomId);
    const [sent] = await say(used.server, roomId, 'Hello');
    expect((await following.next()).messageAdded).toEqual(sent);
  });

  test.each([
    [0, []],
    [1, ['text 3']],
    [3, texts(3)],
    [20, texts(3)],
  ])('starts with the newest messages for `last: %i`', async (last, expected) => {
    const roomId = newRoom();
    await say(used.server, roomId, ...texts(3));
    await expectThenLive(await follow(roomId, { last }), roomId, expected);
  });

  test('starts an empty room with the next message for `last`', async () => {
    const roomId = newRoom();
    await expectThenLive(await follow(roomId, { last: 20 }), roomId, []);
  });

  test('gives a second subscription the same `last` messages as the first', async () => {
    const roomId = newRoom();
    await say(used.server, roomId, ...texts(3));
    const first = await follow(roomId, { last: 2 });
    await say(used.server, roomId, 'text 4');
    // The server may answer the sender before it has heard of the message itself.
    expect(contentsOf(await first.take(3))).toEqual(['text 2', 'text 3', 'text 4']);
    const second = await follow(roomId, { last: 3 });
    await expectThenLive(second, roomId, ['text 2', 'text 3', 'text 4']);
  });

  test.each([0, 1, 2, 3])('starts with everything after message %i', async (index) => {
    const roomId = newRoom();
    const ids = ['0', ...(await say(used.server, roomId, ...texts(3))).map(({ id }) => id)];
    await expectThenLive(await follow(roomId, { after: ids[index]! }), roomId, texts(3).slice(index));
  });

  test('starts an empty room with the next message for `after: "0"`', async () => {
    const roomId = newRoom();
    await expectThenLive(await follow(roomId, { after: '0' }), roomId, []);
  });

  test('delivers everything after a long absence, far more than the log in memory holds', async () => {
    const roomId = newRoom();
    const [first] = await say(used.server, roomId, 'first', ...texts(50));
    await expectThenLive(await follow(roomId, { after: first!.id }), roomId, texts(50));
  });

  test('delivers everything for `after: "0"`, or refuses it if messages were trimmed', async () => {
    const roomId = newRoom();
    await say(used.server, roomId, ...texts(60));
    const all = await follow(roomId, { after: '0' });
    expect(contentsOf(await all.take(60))).toEqual(texts(60));

    await say(used.server, roomId, 'one too many');
    await expectExpired(await follow(roomId, { after: '0' }));
  });

  test('accepts the message just before the oldest kept one as `after`, and no older one', async () => {
    const roomId = newRoom();
    const sent = await say(used.server, roomId, ...texts(62));
    await expectExpired(await follow(roomId, { after: sent[0]!.id }));
    const following = await follow(roomId, { after: sent[1]!.id });
    expect(contentsOf(await following.take(60))).toEqual(texts(62).slice(2));
  });

  test.each([
    ['older than all messages', () => '1-0'],
    ['newer than all messages', () => `${Date.now() + 3_600_000}-0`],
    ['of another room', async () => (await say(used.server, newRoom(), 'elsewhere'))[0]!.id],
  ])('refuses with CURSOR_EXPIRED a cursor that is %s', async (_what, makeCursor) => {
    const roomId = newRoom();
    const cursor = await makeCursor();
    await say(used.server, roomId, 'here');
    await expectExpired(await follow(roomId, { after: cursor }));
  });
});

describe('two servers on one Redis, each in its own process', () => {
  let other: ServerProcess;
  beforeAll(async () => {
    other = await spawnServer({ redisUrl: used.redis.url });
  });
  afterAll(() => other?.close());

  test.each([webSocket, eventStream])(
    'deliver the same messages in the same order over $name',
    async ({ follow }) => {
      const roomId = newRoom();
      const here = await follow(used.server, MessageAdded, { roomId });
      const there = await follow(other, MessageAdded, { roomId });

      const contents = texts(20);
      for (const [index, content] of contents.entries()) {
        await say(index % 2 ? other : used.server, roomId, content);
      }

      const [seenHere, seenThere] = [await here.take(20), await there.take(20)];
      expect(contentsOf(seenHere)).toEqual(contents);
      expect(seenThere).toEqual(seenHere);
      here.leave();
      there.leave();
    },
  );

  test("accept each other's cursors", async () => {
    const roomId = newRoom();
    const [first] = await say(other, roomId, ...texts(3));
    const following = await webSocket.follow(used.server, MessageAdded, { roomId, after: first!.id });
    expect(contentsOf(await following.take(2))).toEqual(['text 2', 'text 3']);
    following.leave();
  });
});

/** Expects the error as the only result. */
async function expectExpired(following: Follower): Promise<void> {
  expect(await following.nextResult()).toMatchObject({
    errors: [
      {
        extensions: { code: 'CURSOR_EXPIRED' },
        message: expect.stringContaining('Subscribe again with "last"'),
      },
    ],
  });
  expect(await following.nextResult()).toBeUndefined();
}
