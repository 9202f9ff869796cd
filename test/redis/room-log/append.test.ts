import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareIds, millisecondsOf } from '#domain/cursor.js';
import type { Message } from '#domain/message.js';
import { nonceKey } from '#redis/client/keys.js';
import { createAppend, NONCE_TTL_MS, type Retention } from '#redis/room-log/append.js';
import { draft, type Fixture, startFixture, stored, type TestNode } from '#test/redis/fixture.js';
import { appendAsBefore } from '#test/support/raw-log.js';
import { until } from '#test/support/until.js';

const LIST = 'messages:room1';
const ROOM = 'room:{messages:room1}';
const RETENTION = { historyLimit: 1_000, ttlMs: 60_000 };
let redis: Fixture;
let node: TestNode;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
});
afterAll(() => redis.close());
beforeEach(() => node.commands.flushall());

function sender(retention: Partial<Retention> = {}, servers = node.servers) {
  const send = createAppend(servers, { retention: { historyLimit: 1_000, ttlMs: 60_000, ...retention } });
  return async (content: string, more = {}): Promise<Message> =>
    JSON.parse((await send(draft(content, more))).json);
}

test('a send stores, publishes and returns the same text', async () => {
  const { subscriber, commands, servers } = node;
  const published: string[] = [];
  subscriber.on('message', (_, text) => published.push(text));
  await subscriber.subscribe(LIST);
  const append = createAppend(servers, { retention: { historyLimit: 10, ttlMs: 60_000 } });
  const { json: text } = await append(draft('hello'));
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

test('a room keeps no more entries than its limit', async () => {
  const send = sender({ historyLimit: 3 });
  for (let count = 1; count <= 5; count += 1) await send(String(count));
  const kept = (await node.commands.lrange(LIST, 0, -1)).map((text) => JSON.parse(text).content);
  expect(kept).toEqual(['5', '4', '3']);
});

test('a send removes expired and malformed entries from the tail', async () => {
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

describe("a room's hash", () => {
  const room = () => node.commands.hgetall(ROOM);

  test('holds the epoch, the newest id and where the list began', async () => {
    const send = sender();
    const first = await send('a');
    const { epoch, ...rest } = await room();
    expect(epoch).toMatch(/^.{16,}$/);
    expect(rest).toEqual({ last: first.id, began: '0' });
    const second = await send('b');
    expect(await room()).toEqual({ epoch, last: second.id, began: '0' });
  });

  test('is kept for seven days, or for twice the lifetime of messages if that is longer', async () => {
    const day = 86_400_000;
    await sender({ ttlMs: 60_000 })('a');
    expect(await node.commands.pttl(ROOM)).toBeGreaterThan(7 * day - 60_000);
    await sender({ ttlMs: 10 * day })('b');
    expect(await node.commands.pttl(ROOM)).toBeGreaterThan(20 * day - 60_000);
  });

  test('lets a list that was empty continue after the newest id', async () => {
    const send = sender();
    const last = await send('a');
    const { epoch } = await room();
    await node.commands.del(LIST);
    const next = await send('b');
    expect(next.prev).toBe(last.id);
    expect(await room()).toEqual({ epoch, last: next.id, began: last.id });
  });

  test('keeps ids increasing even if the list is gone and the clock was set back', async () => {
    const future = Date.now() + 3_600_000;
    await node.commands.hset(ROOM, { epoch: 'e', last: `${future}-7` });
    expect(await sender()('a')).toMatchObject({ id: `${future}-8`, prev: `${future}-7` });
  });

  test('compares ids as numbers', async () => {
    const ms = Date.now() + 3_600_000;
    await node.commands.lpush(LIST, stored(`${ms}-9`, '0'));
    await node.commands.hset(ROOM, { epoch: 'e', last: `${ms}-10` });
    expect((await sender()('a')).prev).toBe(`${ms}-10`);
  });

  test('is created with an epoch for a list of the previous version, whose chain continues', async () => {
    const before = await appendAsBefore(node.commands, 'room1', RETENTION);
    const next = await sender()('a');
    expect(next.prev).toBe(before.id);
    expect(await room()).toEqual({ epoch: expect.any(String), last: next.id });
  });

  test('yields to a newer entry of the previous version as the head', async () => {
    const send = sender();
    const { epoch } = (await send('a')) && (await room());
    const between = await appendAsBefore(node.commands, 'room1', RETENTION);
    const next = await send('b');
    expect(next.prev).toBe(between.id);
    expect(await room()).toEqual({ epoch, last: next.id, began: '0' });
  });

  test('gets a new epoch after a loss of all data', async () => {
    const send = sender();
    await send('a');
    const { epoch } = await room();
    await node.commands.flushall();
    await send('b');
    expect((await room()).epoch).not.toBe(epoch);
  });
});

test('an entry is published with SPUBLISH if its channel needs that', async () => {
  const { servers } = node;
  const channels = { ...servers.channels, publishCommand: 'SPUBLISH' } as const;
  const append = createAppend({ ...servers, channels }, { retention: RETENTION });
  const { subscriber } = await redis.connect();
  const heard: string[] = [];
  subscriber.on('smessage', (_, text) => heard.push(text));
  await subscriber.ssubscribe(LIST);
  const { json: text } = await append(draft('sharded'));
  await until(() => heard.length === 1, { what: 'the message on the sharded channel' });
  expect(heard).toEqual([text]);
});

describe('nonces', () => {
  const key = nonceKey('room1', 'guest:Ann', 'n1');

  test('are stored with the id of the entry, so that its text is in one place only', async () => {
    const sent = await sender()('once', { nonce: 'n1' });
    expect(await node.commands.get(key)).toBe(sent.id);
  });

  test('return the entry that the previous version stored as JSON', async () => {
    const send = sender();
    for (const content of ['a', 'b', 'c']) await send(content);
    const [, b] = await node.commands.lrange(LIST, 0, -1);
    await node.commands.set(key, b!);
    expect(await send('another text', { nonce: 'n1' })).toEqual(JSON.parse(b!));
    expect(await node.commands.llen(LIST)).toBe(3);
  });

  test('return the request under the stored id if the entry was trimmed', async () => {
    await sender()('a');
    await node.commands.set(key, '1700000000000-4');
    const again = await sender()('once', { nonce: 'n1' });
    expect(again).toEqual({ id: '1700000000000-4', prev: '0', ...draft('once', { nonce: 'n1' }) });
    expect(await node.commands.llen(LIST)).toBe(1);
  });

  test('are FORBIDDEN if the entry was retracted, in either storage format', async () => {
    const send = sender();
    const sent = await send('once', { nonce: 'n1' });
    await send('more');
    await node.commands.lset(LIST, 1, `{"id":"${sent.id}","prev":"${sent.prev}","kind":"gone"}`);
    await expect(send('once', { nonce: 'n1' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await node.commands.set(key, JSON.stringify(sent));
    await expect(send('once', { nonce: 'n1' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await node.commands.llen(LIST)).toBe(2);
  });

  test('return the first message and store nothing if they are repeated', async () => {
    const send = sender();
    const first = await send('once', { nonce: 'n1' });
    expect(await send('twice', { nonce: 'n1' })).toEqual(first);
    expect(await node.commands.llen(LIST)).toBe(1);
    expect(await node.commands.pttl(nonceKey('room1', 'guest:Ann', 'n1'))).toBeGreaterThan(
      NONCE_TTL_MS - 10_000,
    );
  });

  test('are separate for each author and room', async () => {
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

  test('store one message for a hundred concurrent sends', async () => {
    const nodes = await Promise.all([redis.connect(), redis.connect()]);
    const sends = [node, ...nodes].map(({ servers }) => sender({}, servers));
    const sent = await Promise.all(
      Array.from({ length: 100 }, (_, index) => sends[index % 3]?.(String(index), { nonce: 'n' })),
    );
    expect(new Set(sent.map((message) => message?.id)).size).toBe(1);
    expect(await node.commands.llen(LIST)).toBe(1);
  });
});

describe('ids', () => {
  test('of a thousand concurrent sends are unique, increasing and form one chain', async () => {
    const nodes = await Promise.all([redis.connect(), redis.connect(), redis.connect()]);
    const sends = nodes.map(({ servers }) => sender({}, servers));
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

  test('come from the clock of Redis', async () => {
    const before = Date.now();
    const { id } = await sender()('a');
    expect(millisecondsOf(id)).toBeGreaterThanOrEqual(before - 1);
    expect(millisecondsOf(id)).toBeLessThanOrEqual(Date.now() + 1);
  });

  test('continue after a head in the future, as after the clock was set back', async () => {
    const future = Date.now() + 3_600_000;
    await node.commands.lpush(LIST, stored(`${future}-41`, '0'));
    const send = sender();
    expect(await send('a')).toMatchObject({ id: `${future}-42`, prev: `${future}-41` });
    expect(await send('b')).toMatchObject({ id: `${future}-43`, prev: `${future}-42` });
  });

  test('skip malformed entries at the head', async () => {
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
    ...draft(content, { author: { id: name, name }, nonce: 'n' }),
  });
  expect(bytes?.equals(Buffer.from(expected))).toBe(true);
  expect(sent.content).toBe(content);
});

test('sends survive a SCRIPT FLUSH', async () => {
  const send = sender({}, (await redis.connect()).servers);
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

test('sends survive a restart of Redis', async () => {
  const other = await startFixture();
  try {
    const { commands, servers } = await other.connect();
    const send = sender({}, servers);
    await send('before');
    await other.server.restart();
    await until(() => commands.ping(), { what: 'the connection to come back' });
    const sent = await Promise.all([send('a'), send('b'), send('c')]);
    expect(sent.map((message) => message.content)).toEqual(['a', 'b', 'c']);
  } finally {
    await other.close();
  }
});
