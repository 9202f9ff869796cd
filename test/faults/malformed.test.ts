import { expect, test } from 'vitest';
import { ask, connectionCount } from '#test/support/ask.js';
import type { TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { nothingLost, report, startSite } from './fixture.js';

const someone = { id: 'guest:Ann', name: 'Ann' };

/** Texts that do not resemble a message. */
const GARBAGE = [
  'not JSON',
  '',
  '{}',
  'null',
  '[1,2,3]',
  '"text"',
  '{"id":"1-1"',
  '{"id":"1-1","prev":"0"}',
  '{"__proto__":{"id":"1-1"}}',
  '{"id":"99999999999999999999-0","prev":"0","roomId":"room1","author":{"id":"a","name":"a"},"content":"x"}',
  '['.repeat(10_000),
  'x'.repeat(100_000),
  '\u0000\u0001\ud800',
];

/** Texts that start like a message but are invalid. Their ids are newer than those of all real messages. */
const LOOKALIKES = [
  '"author":null,"content":"x"',
  '"author":{"id":"a","name":"a"},"content":7',
  '"author":{}',
].map(
  (rest, index) => `{"id":"${Date.now() + (index + 1) * 3_600_000}-0","prev":"0","roomId":"room1",${rest}}`,
);

test('malformed entries in the list and on the channel are counted, logged and skipped, and break no stream', async () => {
  const site = await startSite({ variables: { HEAD_CHECK_MS: 500 } });
  const viewers = Array.from({ length: 4 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  await sender.send(20);

  for (const text of [...GARBAGE, ...LOOKALIKES]) {
    await site.redis.cli('LPUSH', 'messages:room1', text);
    await site.redis.cli('RPUSH', 'messages:room1', text);
    await site.redis.cli('PUBLISH', 'messages:room1', text);
    await sender.send(5);
  }
  viewers.push(site.viewer('room1'));
  for (const text of GARBAGE) await site.redis.cli('LPUSH', 'messages:room1', text);
  // The head is malformed, so new viewers must read the entries before it.
  viewers.push(site.viewer('room1'));
  await until(() => viewers.every(({ total }) => total === sender.total), {
    what: 'every message to be received',
  });

  const counts = await site.count('room1');
  const logged = site.nodes.map(
    ({ log }) => log.filter(({ msg }) => String(msg).includes('malformed')).length,
  );
  const counted = await Promise.all(site.nodes.map(malformedCounted));
  report('malformed entries', counts, { logged: logged.join(' and '), counted: counted.join(' and ') });
  expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
  expect(Math.min(...logged)).toBeGreaterThanOrEqual(GARBAGE.length);
  expect(Math.min(...counted)).toBeGreaterThanOrEqual(GARBAGE.length);
  expect(viewers.flatMap(({ refusals }) => [...refusals.keys()])).toEqual([]);
});

test('keys of the wrong type affect at most their own room', async () => {
  const site = await startSite({ variables: { HEAD_CHECK_MS: 500, PRESENCE_HEARTBEAT_MS: 300 } });
  const node = site.node();
  const viewers = Array.from({ length: 3 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  await sender.send(20);
  const elsewhere = site.viewer('broken');
  await until(() => connectionCount(node, 'broken').then((count) => count === 1), { what: 'the other room' });

  await site.redis.cli('SET', 'messages:broken', 'no list');
  await site.redis.cli('DEL', 'connections:broken');
  await site.redis.cli('SET', 'connections:broken', 'no set');
  await site.redis.cli('SADD', 'connections:room1', 'no connection', 'gone:1');
  await site.redis.cli('SADD', 'rooms:active', 'no room', '', 'broken', 'ünknown');
  // A message that was not published. The periodic check of all heads finds it.
  const [newest] = (await site.stored('room1')).slice(-1);
  const id = `${Number(newest!.id.split('-')[0]) + 1}-0`;
  const unpublished = { id, prev: newest!.id, roomId: 'room1', author: someone, content: 'unpublished' };
  await site.redis.cli('LPUSH', 'messages:room1', JSON.stringify(unpublished));

  await until(() => viewers.every(({ cursor }) => cursor === id), { what: 'the unpublished message' });
  const counted = () => connectionCount(node, 'room1');
  await until(async () => (await counted()) === 3, { what: 'connections without a node to be swept' });
  expect(await ask(node, { query: '{ activeRooms { id } }' })).toEqual({
    activeRooms: [{ id: 'room1' }, { id: 'broken' }],
  });
  await sender.send(20);

  await elsewhere.close();
  site.viewers.splice(site.viewers.indexOf(elsewhere), 1);
  const counts = await site.count('room1');
  report('broken keys', counts, { 'including one added by hand': 1 });
  expect(counts).toEqual(nothingLost(41, 42 * viewers.length));
});

/** The number of malformed messages in a node's metrics. */
async function malformedCounted({ origin }: TestServer): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const values = [...text.matchAll(/^streamly_malformed_messages_total\{.*\} (\d+)$/gm)];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
