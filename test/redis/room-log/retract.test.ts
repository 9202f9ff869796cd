import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Message } from '#domain/message.js';
import type { EventLog, RetractionRights } from '#domain/ports/event-log.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { callsOf } from '#test/redis/commands.js';
import { draft, type Fixture, startFixture, stored, type TestNode } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

const LIST = 'messages:room1';
const ANN = { id: 'user:ann', name: 'Ann' };
const BOB = { id: 'user:bob', name: 'Bob' };
let redis: Fixture;
let node: TestNode;
let eventLog: EventLog;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
  const { servers } = node;
  eventLog = createEventLog({ servers, historyLimit: 10_000, ttlSeconds: 3_600, hooks: redis.hooks });
});
afterAll(() => redis.close());
beforeEach(() => node.commands.flushall());

const send = (content: string, more = {}): Promise<Message> =>
  eventLog.append(draft(content, { author: ANN, ...more }));
const retract = (ids: readonly string[], rights: RetractionRights = {}) =>
  eventLog.retract('room1', ids, rights);
/** The entries in the list, oldest first. */
const entries = async () =>
  (await node.commands.lrange(LIST, 0, -1)).reverse().map((text) => JSON.parse(text));

/** The value of every key in Redis, as one text. */
async function everything(): Promise<string> {
  const { commands } = node;
  const keys = await commands.keys('*');
  const values = await Promise.all(keys.map((key) => commands.dumpBuffer(key)));
  // DUMP may compress long texts, so also read what holds messages.
  const texts = await Promise.all(keys.map((key) => commands.lrange(key, 0, -1).catch(() => [])));
  return [...keys, ...values.map(String), ...texts.flat()].join('\n');
}

test('a retraction leaves tombstones and appends one entry, which is published', async () => {
  const [a, b, c] = [await send('a'), await send('b'), await send('c')];
  const { subscriber } = node;
  const published: string[] = [];
  const listener = (_: string, text: string) => void published.push(text);
  subscriber.on('message', listener);
  await subscriber.subscribe(LIST);
  expect(await retract([c.id, a.id])).toEqual({ retracted: [a.id, c.id], missing: [] });
  await until(() => published.length === 1, { what: 'the entry on the channel' });
  await subscriber.unsubscribe(LIST);
  subscriber.off('message', listener);
  const list = await entries();
  expect(list).toEqual([
    { id: a.id, prev: '0', kind: 'gone' },
    JSON.parse(JSON.stringify(b)),
    { id: c.id, prev: b.id, kind: 'gone' },
    { id: list[3].id, prev: c.id, kind: 'retracted', ids: [a.id, c.id] },
  ]);
  expect(published.map((text) => JSON.parse(text))).toEqual([list[3]]);
  expect(await node.commands.hget('room:{messages:room1}', 'last')).toBe(list[3].id);
});

test('no key in Redis keeps the text, not even under the nonce of either version', async () => {
  const secret = 'an unmistakable text';
  const sent = await send(secret, { nonce: 'n1' });
  const before = await send(`${secret} of the previous version`, { nonce: 'n 2' });
  const [text] = await node.commands.lrange(LIST, 0, 0);
  const [key] = (await node.commands.keys('nonce:*')).filter((each) => each.endsWith('n%202'));
  await node.commands.set(key!, text!, 'PX', 100_000);
  expect(await everything()).toContain(secret);
  await retract([sent.id, before.id]);
  expect(await everything()).not.toContain(secret);
  expect(await node.commands.get(key!)).toBe(before.id);
  expect(await node.commands.pttl(key!)).toBeGreaterThan(50_000);
  for (const nonce of ['n1', 'n 2']) {
    await expect(send(secret, { nonce })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  }
  expect(await everything()).not.toContain(secret);
});

test('repeating a retraction changes nothing and gives the same answer', async () => {
  const { id } = await send('a');
  const first = await retract([id]);
  const list = await entries();
  expect(await retract([id])).toEqual(first);
  expect(await retract([id, id])).toEqual(first);
  expect(await entries()).toEqual(list);
});

test('repeating a retraction while replicas are asked keeps a room that has no expiry', async () => {
  const replication = { replicas: 0, timeoutMs: 100 };
  const { servers } = node;
  const replicated = createEventLog({ servers, replication, historyLimit: 100, ttlSeconds: 3_600 });
  const { id } = await send('a');
  await replicated.retract('room1', [id], {});
  await node.commands.persist(LIST);
  expect(await replicated.retract('room1', [id], {})).toEqual({ retracted: [id], missing: [] });
  expect(await node.commands.pttl(LIST)).toBeGreaterThan(1_000_000);
  expect(await entries()).toHaveLength(2);
});

test('a nonce that has made another message since is left alone', async () => {
  const first = await send('a', { nonce: 'n1' });
  const [key] = await node.commands.keys('nonce:*');
  // It expires.
  await node.commands.del(key!);
  const second = await send('b', { nonce: 'n1' });
  await retract([first.id]);
  expect(await send('b', { nonce: 'n1' })).toEqual(second);
});

test('ids of no message are missing, and nothing is appended if there is no other', async () => {
  const [a, b] = [await send('a'), await send('b')];
  await retract([a.id]);
  const { id: retraction } = (await entries())[2];
  expect(await retract([retraction, '1-0', '9999999999999-7'])).toEqual({
    retracted: [],
    missing: ['1-0', retraction, '9999999999999-7'],
  });
  expect(await entries()).toHaveLength(3);
  expect(await retract(['1-0', b.id])).toEqual({ retracted: [b.id], missing: ['1-0'] });
  await node.commands.del(LIST);
  expect(await retract([b.id])).toEqual({ retracted: [], missing: [b.id] });
  expect(await node.commands.exists(LIST)).toBe(0);
});

describe('the rights', () => {
  test.each<[string, RetractionRights, string | undefined]>([
    ['anyone’s', {}, undefined],
    ['those of the author', { author: ANN.id }, undefined],
    ['not those of another author', { author: BOB.id }, 'is not yours'],
    ['recent ones', { author: ANN.id, withinMs: 60_000 }, undefined],
    ['not older ones', { author: ANN.id, withinMs: -60_000 }, 'is older'],
    ['a viewer’s, for a moderator', { sparesAllBut: BOB.id }, undefined],
  ])('cover %s', async (_, rights, refusal) => {
    const other = await send('other', { author: BOB });
    const { id } = await send('a');
    if (refusal === undefined) {
      expect(await retract([id], rights)).toEqual({ retracted: [id], missing: [] });
      return;
    }
    const list = await entries();
    const ids = rights.author === BOB.id ? [other.id, id] : [id];
    await expect(retract(ids, rights)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining(`${id} ${refusal}`),
    });
    expect(await entries()).toEqual(list);
  });

  test.each(['moderator', 'service'] as const)(
    'spare the messages of a %s, but for their author',
    async (role) => {
      const { id } = await send('a', { role });
      await expect(retract([id], { sparesAllBut: BOB.id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      expect(await retract([id], { sparesAllBut: ANN.id })).toEqual({ retracted: [id], missing: [] });
    },
  );
});

describe('in a long list', () => {
  const idAt = (place: number) => `${1_000 + Math.floor(place / 7)}-${place % 7}`;

  async function fill(count: number): Promise<void> {
    for (let from = 0; from < count; from += 5_000) {
      const texts = Array.from({ length: Math.min(5_000, count - from) }, (_, index) => {
        const place = from + index;
        return place % 100 === 99 ? 'malformed' : stored(idAt(place), place === 0 ? '0' : idAt(place - 1));
      });
      await node.commands.lpush(LIST, ...texts);
    }
  }

  test('fifty messages anywhere are found, looking at fewer than a thousand entries', async () => {
    const eternal = createEventLog({
      servers: node.servers,
      historyLimit: 1_000_000,
      ttlSeconds: 10_000_000_000,
    });
    await fill(50_000);
    const spread = Array.from({ length: 50 }, (_, index) => idAt(index * 1_000 + (index % 90)));
    await node.commands.config('RESETSTAT');
    expect(await eternal.retract('room1', spread, {})).toEqual({ retracted: spread, missing: [] });
    expect(await callsOf(node.commands, 'lindex')).toBeLessThan(1_000);
    const together = Array.from({ length: 50 }, (_, index) => idAt(25_000 + index));
    const reversed = [...together].reverse();
    expect(await eternal.retract('room1', reversed, {})).toEqual({ retracted: together, missing: [] });
    const gone = (await entriesOf(LIST)).filter((text) => text.endsWith('"kind":"gone"}'));
    expect(new Set(gone.map((text) => JSON.parse(text).id))).toEqual(new Set([...spread, ...together]));
  });

  const entriesOf = (key: string) => node.commands.lrange(key, 0, -1);
});
