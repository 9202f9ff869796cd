import { expect, test } from 'vitest';
import { compareIds } from '#domain/cursor.js';
import { ask } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { nothingLost, report, startSite } from './fixture.js';

const HOUR = 3_600_000;

test('after the clock goes back by an hour, ids still ascend from the newest message', async () => {
  const site = await startSite({ variables: { HEAD_CHECK_MS: 500 } });
  const viewers = Array.from({ length: 4 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  await sender.send(50);

  // The list as it looks after the clock went back by an hour since the newest message was written.
  const newest = (await site.stored('room1')).at(-1)!;
  const ahead = Date.now() + HOUR;
  const message = {
    id: `${ahead}-7`,
    prev: newest.id,
    roomId: 'room1',
    author: { id: 'guest:Ann', name: 'Ann' },
  };
  const entry = JSON.stringify({ ...message, content: 'written before the clock went back' });
  await site.redis.cli('LPUSH', 'messages:room1', entry);
  await sender.send(200);

  const stored = await site.stored('room1');
  const ids = stored.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort(compareIds));
  expect(ids.slice(51)).toEqual(Array.from({ length: 200 }, (_, index) => `${ahead}-${8 + index}`));
  const query = `{ messages(roomId: "room1", after: "${ahead}-100", first: 3) { nodes { id } } }`;
  const page = await ask(site.node(), { query });
  expect(page).toEqual({ messages: { nodes: [101, 102, 103].map((seq) => ({ id: `${ahead}-${seq}` })) } });

  await until(() => viewers.every(({ total }) => total === 251), { what: 'every message to be received' });
  const counts = await site.count('room1');
  report('the clock went back', counts, { 'including one added by hand': 1 });
  expect(counts).toEqual(nothingLost(251, 252 * viewers.length));
});
