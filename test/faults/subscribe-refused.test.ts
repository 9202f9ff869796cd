import { expect, test } from 'vitest';
import { readiness } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { nothingLost, report, startSite } from './fixture.js';

const setUser = (user: string, rule: string) => ['ACL', 'SETUSER', user, rule] as const;

test.each([
  { refused: 'SUBSCRIBE', rule: '-subscribe', allowed: '+subscribe' },
  { refused: 'SUBSCRIBE and PUBLISH on the channel', rule: 'resetchannels', allowed: 'allchannels' },
])(
  'while the ACL refuses $refused, subscriptions fail, and they work again afterwards',
  async ({ refused, rule, allowed }) => {
    const site = await startSite();
    const watching = site.viewer('room1');
    const senders = { room1: site.sender('room1'), room2: site.sender('room2') };
    await senders.room1.send(20);
    await until(() => watching.total === 20, { what: 'the first messages' });

    await site.redis.cli(...setUser(site.redis.user, rule));
    const newcomer = site.viewer('room2');
    await until(() => newcomer.refusals.has('SERVICE_UNAVAILABLE'), { what: 'a new viewer to be refused' });
    await site.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => watching.refusals.has('SERVICE_UNAVAILABLE'), { what: 'a viewer to lose its room' });
    await Promise.all([senders.room1.send(20), senders.room2.send(20)]);
    expect(await readiness(site.node())).toBe(200);

    await site.redis.cli(...setUser(site.redis.user, allowed));
    const counts = [await site.count('room1'), await site.count('room2')];
    report(`${refused} refused, room1`, counts[0]!);
    report(`${refused} refused, room2`, counts[1]!);
    expect(counts).toEqual([nothingLost(41, 41), nothingLost(21, 21)]);
    expect(site.nodes).toHaveLength(1);
  },
);
