import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareIds, type Message, millisecondsOf } from '#domain/message.js';
import type { RedisConnections } from '#redis/client/connections.js';
import { nonceKey } from '#redis/client/keys.js';
import { createSendMessage, NONCE_TTL_MS, type Retention } from '#redis/room-log/append.js';
import { draft, type Fixture, startFixture, stored } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

const LIST = 'messages:room1';
let redis: Fixture;
let node: RedisConnections;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
});
afterAll(() => redis.close());
beforeEach(() => node.commands.flushall());

function sender(retention: Partial<Retention> = {}, commands = node.commands) {
  const send = createSendMessage(commands, { historyLimit: 1_000, ttlMs: 60_000, ...retention });
  return async (content: string, more = {}): Promise<Message> => JSON.parse(await send(draft(content, more)));
}

test('it stores, publishes and returns the same text', async () => {
  const { subscriber, commands } = node;
  const published: string[] = [];
  subscriber.on('message', (_, text) => published.push(text));
  await subscriber.subscribe(LIST);
  const text = await createSendMessage(commands, { historyLimit: 10, ttlMs: 60_000 })(draft('hello'));
  await until(() => published.length === 1, { what: 'the message on the channel' });
  await subscriber.unsubscribe(LIST);
  expect(published).toEqual([text]);
  expect(await commands.lrange(LIST, 0, -1)).toEqual([text]);
  expect(JSON.parse(text)).toMatchObject({ prev: '0', ...draft('hello') });
});

test('each message carries the id of the one before it', async () => {
  const send = sender();
  const sent = [await send('a'), await send('b'), await send('c')];
  expect(sent.map((message) => message.prev)).toEqual(['0', sent[0]?.id, sent[1]?.id]);
});

test('the list expires after its newest message', async () => {
  const beganAt = Date.now();
  await sender({ ttlMs: 5_000 })('a');
  const left = await node.commands.pttl(LIST);
  expect(left).toBeGreaterThanOrEqual(5_000 - (Date.now() - beganAt) - 1);
  expect(left).toBeLessThanOrEqual(5_000);
  await sender({ ttlMs: 50 })('b');
  await until(async () => (await node.commands.exists(LIST)) === 0, { what: 'the list to expire' });
});

test('it keeps no more than the limit', async () => {
  const send = sender({ historyLimit: 3 });
  for (let count = 1; count <= 5; count += 1) await send(String(count));
  const kept = (await node.commands.lrange(LIST, 0, -1)).map((text) => JSON.parse(text).content);
  expect(kept).toEqual(['5', '4', '3']);
});

test('it takes what is too old, or malformed, off the tail', async () => {
  const old = Date.now() - 60_001;
  await node.commands.rpush(
    LIST,
    stored(`${Date.now() - 1_000}-0`, '0', { content: 'young' }),
    'malformed in the middle',
    stored(`${Date.now() - 2_000}-0`, '0', { content: 'young too' }),
    'malformed',
    stored(`${old}-7`, '0'),
    stored(`${old}-3`, '0'),
  );
  await sender()('new');
  const kept = await node.commands.lrange(LIST, 0, -1);
  expect(kept.map((text) => (text.startsWith('{') ? JSON.parse(text).content : text))).toEqual([
    'new',
    'young',
    'malformed in the middle',
    'young too',
  ]);
});

describe('nonces', () => {
  test('the same nonce gives the first message, and stores and publishes nothing', async () => {
    const send = sender();
    const first = await send('once', { nonce: 'n1' });
    expect(await send('twice', { nonce: 'n1' })).toEqual(first);
    expect(await node.commands.llen(LIST)).toBe(1);
    expect(await node.commands.pttl(nonceKey('room1', 'guest:Ann', 'n1'))).toBeGreaterThan(
      NONCE_TTL_MS - 10_000,
    );
  });

  test('another author, room or nonce is another message', async () => {
    const send = sender();
    const author = { id: 'guest:Bob', name: 'Bob' };
    const sent = await Promise.all([
      send('a', { nonce: 'n1' }),
      send('b', { nonce: 'n1', author }),
      send('c', { nonce: 'n2' }),
      send('d', { nonce: 'n1', roomId: 'room2' }),
    ]);
    expect(sent.map((message) => message.content)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a hundred sends at once with one nonce store one message', async () => {
    const nodes = await Promise.all([redis.connect(), redis.connect()]);
    const sends = [node, ...nodes].map(({ commands }) => sender({}, commands));
    const sent = await Promise.all(
      Array.from({ length: 100 }, (_, index) => sends[index % 3]?.(String(index), { nonce: 'n' })),
    );
    expect(new Set(sent.map((message) => message?.id)).size).toBe(1);
    expect(await node.commands.llen(LIST)).toBe(1);
  });
});

describe('ids', () => {
  test('a thousand sends at once over several clients: unique, growing, one chain', async () => {
    const nodes = await Promise.all([redis.connect(), redis.connect(), redis.connect()]);
    const sends = nodes.map(({ commands }) => sender({}, commands));
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => sends[index % 3]?.(String(index))));
    const kept: Message[] = (await node.commands.lrange(LIST, 0, -1))
      .reverse()
      .map((text) => JSON.parse(text));
    expect(kept).toHaveLength(1_000);
    kept.forEach((message, index) => {
      const before = kept[index - 1];
      expect(message.prev).toBe(before?.id ?? '0');
      if (before) expect(compareIds(before.id, message.id)).toBeLessThan(0);
    });
  });

  test('they come from the clock of Redis', async () => {
    const before = Date.now();
    const { id } = await sender()('a');
    expect(millisecondsOf(id)).toBeGreaterThanOrEqual(before - 1);
    expect(millisecondsOf(id)).toBeLessThanOrEqual(Date.now() + 1);
  });

  test('they go on above a head from the future, as after a clock that was set back', async () => {
    const future = Date.now() + 3_600_000;
    await node.commands.lpush(LIST, stored(`${future}-41`, '0'));
    const send = sender();
    expect(await send('a')).toMatchObject({ id: `${future}-42`, prev: `${future}-41` });
    expect(await send('b')).toMatchObject({ id: `${future}-43`, prev: `${future}-42` });
  });

  test('malformed heads are stepped over', async () => {
    const send = sender();
    const { id } = await send('a');
    const malformed = [
      '',
      'x',
      '{"id":"9-9"}',
      '{"id":"9999999999999999-0","prev":"0","content":"too many digits"}',
      '{"id":"09999999999999-0","prev":"0","content":"a leading zero"}',
      '{"id":"99999999999999-0","prev":"0","content":"cut',
      '{"content":"x","id":"99999999999999-0","prev":"0"}',
    ];
    await node.commands.lpush(LIST, ...malformed);
    const next = await send('b');
    expect(next.prev).toBe(id);
    expect(compareIds(next.id, id)).toBeGreaterThan(0);
    expect(millisecondsOf(next.id)).toBeLessThan(Date.now() + 1_000);
  });
});

test.each([
  ['a family of emoji', '👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪'],
  ['right to left, with marks', '\u202eשלום עולם\u202c العَرَبِيَّة'],
  ['combining marks', 'Z̸̡͔̑a̷l̵g̶o e\u0301 é'],
  ['separators of JavaScript', 'a\u2028b\u2029c\u0085d\ufeff'],
  ['what has a meaning in JSON and Lua', '"\\/{}[]%d%s%%(.-)]]--[[\\u0000 \n'],
  ['astral planes', '𝕳𝖊𝖑𝖑𝖔 𠜎 \u{10ffff} \u{1f600}'],
  ['a lone surrogate, kept as an escape', 'x\ud800y'],
])('%s is stored byte for byte', async (_, content) => {
  const name = content.slice(0, 40);
  const sent = await sender()(content, { author: { id: name, name }, nonce: 'n' });
  const [bytes] = await node.commands.lrangeBuffer(LIST, 0, 0);
  const expected = JSON.stringify({
    id: sent.id,
    prev: '0',
    ...draft(content, { author: { id: name, name } }),
  });
  expect(bytes?.equals(Buffer.from(expected))).toBe(true);
  expect(sent.content).toBe(content);
});

test('Redis is given the script anew after SCRIPT FLUSH, in the middle of many sends', async () => {
  const send = sender({}, (await redis.connect()).commands);
  const sends: Promise<Message>[] = [];
  for (let round = 0; round < 20; round += 1) {
    if (round % 5 === 0) await node.commands.script('FLUSH');
    for (let count = 0; count < 10; count += 1) sends.push(send(`${round}/${count}`));
    await sends[sends.length - 5];
  }
  const sent = await Promise.all(sends);
  expect(new Set(sent.map((message) => message.id)).size).toBe(200);
  expect(await node.commands.llen(LIST)).toBe(200);
});

test('Redis is given the script anew after a restart', async () => {
  const other = await startFixture();
  try {
    const { commands } = await other.connect();
    const send = sender({}, commands);
    await send('before');
    await other.server.restart();
    await until(() => commands.ping(), { what: 'the connection to come back' });
    const sent = await Promise.all([send('a'), send('b'), send('c')]);
    expect(sent.map((message) => message.content)).toEqual(['a', 'b', 'c']);
  } finally {
    await other.close();
  }
});
