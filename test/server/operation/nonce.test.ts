/** Sends with the same nonce make one message, even if another server receives the repeat. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '#test/support/clients/http.js';
import { type Following, webSocket } from '#test/support/clients/transports.js';
import { MessageAdded, SendMessage } from '#test/support/documents.js';
import type { MessageAddedSubscription, SendMessageInput } from '#test/support/generated/graphql.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
let other: TestServer;
beforeAll(async () => {
  other = await startServer({ redisUrl: used.redis.url });
});
afterAll(() => other.close());

let rooms = 0;
let roomId: string;
let watcher: Following<MessageAddedSubscription>;
beforeEach(async () => {
  roomId = `room-${++rooms}`;
  watcher = await webSocket.follow(used.server, MessageAdded, { roomId });
  return () => watcher.leave();
});

async function send(input: Partial<SendMessageInput> = {}, server = used.server) {
  const given = { roomId, content: 'Hello', author: 'Ann', nonce: 'n1', ...input };
  return (await run(server, SendMessage, { input: given })).sendMessage;
}

/** Expects exactly these messages to be stored and published, in this order. */
async function expectMessages(contents: string[]): Promise<void> {
  await send({ content: 'the end', nonce: null });
  const expected = [...contents, 'the end'];
  const events = await watcher.take(expected.length);
  expect(events.map(({ messageAdded }) => messageAdded.content)).toEqual(expected);
  expect(await used.redis.cli('LLEN', `messages:${roomId}`)).toBe(String(expected.length));
}

describe('the same nonce', () => {
  test('returns the first message again, and stores and publishes nothing', async () => {
    const first = await send();
    expect(await send()).toEqual(first);
    await expectMessages(['Hello']);
  });

  test('returns the first message, whatever the second one says', async () => {
    const first = await send();
    expect(await send({ content: 'Something else' })).toEqual(first);
    await expectMessages(['Hello']);
  });

  test('works on another server', async () => {
    const first = await send();
    expect(await send({}, other)).toEqual(first);
    await expectMessages(['Hello']);
  });

  test('makes one message of fifty sends at once to two servers', async () => {
    const sent = await Promise.all(
      Array.from({ length: 50 }, (_, index) => send({}, index % 2 ? other : used.server)),
    );
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    await expectMessages(['Hello']);
  });

  test('is forgotten after five minutes', async () => {
    await send();
    const [key] = (await used.redis.cli('KEYS', `nonce:{messages:${roomId}}:*`)).split('\n');
    const ttl = Number(await used.redis.cli('PTTL', key!));
    expect(ttl).toBeGreaterThan(4 * 60_000);
    expect(ttl).toBeLessThanOrEqual(5 * 60_000);
    await used.redis.cli('DEL', key!);
    await send({ content: 'Hello again' });
    await expectMessages(['Hello', 'Hello again']);
  });
});

describe('a send makes another message', () => {
  test.each([
    ['by another author', { author: 'Bob' }],
    ['with another nonce', { nonce: 'n2' }],
    ['with a nonce in different case', { nonce: 'N1' }],
    ['without a nonce', { nonce: null }],
    ['by an author whose name runs into the nonce', { author: 'Ann:n1', nonce: 'n1' }],
  ])('%s', async (_what, other) => {
    const first = await send();
    expect((await send(other)).id).not.toBe(first.id);
    await expectMessages(['Hello', 'Hello']);
  });

  test('in another room', async () => {
    const first = await send();
    const elsewhere = await send({ roomId: `${roomId}-2` });
    expect(elsewhere).toMatchObject({ roomId: `${roomId}-2`, content: 'Hello' });
    expect(await used.redis.cli('LLEN', `messages:${roomId}-2`)).toBe('1');
    expect(first.roomId).toBe(roomId);
    await expectMessages(['Hello']);
  });
});
