import { expect, test } from 'vitest';
import { connectionCount } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { nothingLost, report, startSite } from './fixture.js';

test('clients that leave while Redis is down leave no connections, channels or active rooms behind', async () => {
  const variables = { REDIS_TIMEOUT_MS: 500, PRESENCE_HEARTBEAT_MS: 500 };
  const site = await startSite({ redis: { appendonly: true }, variables });
  const node = site.node();
  const [stays, ...others] = Array.from({ length: 5 }, () => site.viewer('room1'));
  const alone = site.viewer('room2');
  const rooms = ['room1', 'room2'];
  const counted = () => Promise.all(rooms.map((roomId) => connectionCount(node, roomId)));
  await until(async () => String(await counted()) === '5,1', { what: 'every client to be counted' });

  await site.redis.kill();
  await Promise.all([alone, ...others].map((viewer) => viewer.close()));
  await site.redis.restart();

  await until(async () => String(await counted()) === '1,0', { what: 'the clients that left to be removed' });
  await until(async () => (await site.redis.cli('SMEMBERS', 'rooms:active')) === 'room1', {
    what: 'the empty room to be removed',
  });
  await until(async () => (await site.redis.cli('PUBSUB', 'CHANNELS')) === 'messages:room1', {
    what: 'the remaining room to be subscribed again',
  });
  expect(await site.redis.cli('EXISTS', 'connections:room2')).toBe('0');

  site.viewers.splice(0, Number.POSITIVE_INFINITY, stays!, site.viewer('room2'));
  const senders = rooms.map((roomId) => site.sender(roomId));
  await Promise.all(senders.map((sender) => sender.send(20)));
  for (const roomId of rooms) {
    const counts = await site.count(roomId);
    report(`left while Redis was down, ${roomId}`, counts);
    expect(counts).toEqual(nothingLost(21, 21));
  }
});
