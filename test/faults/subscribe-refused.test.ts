import { expect, test } from 'vitest';
import { readiness } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { clean, report, startSite } from './fixture.js';

const setUser = (user: string, rule: string) => ['ACL', 'SETUSER', user, rule] as const;

test.each([
  { refused: 'SUBSCRIBE', rule: '-subscribe', mended: '+subscribe' },
  { refused: 'the channel, for SUBSCRIBE and PUBLISH', rule: 'resetchannels', mended: 'allchannels' },
])(
  'if the ACL refuses $refused, those subscriptions fail, and work again once it is allowed',
  async ({ refused, rule, mended }) => {
    const site = await startSite();
    const watching = site.viewer('room1');
    const senders = { room1: site.sender('room1'), room2: site.sender('room2') };
    await senders.room1.say(20);
    await until(() => watching.total === 20, { what: 'the first messages' });

    await site.redis.cli(...setUser(site.redis.user, rule));
    const newcomer = site.viewer('room2');
    await until(() => newcomer.refusals.has('SERVICE_UNAVAILABLE'), { what: 'a new viewer to be refused' });
    await site.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => watching.refusals.has('SERVICE_UNAVAILABLE'), { what: 'a viewer to lose its room' });
    await Promise.all([senders.room1.say(20), senders.room2.say(20)]);
    expect(await readiness(site.node())).toBe(200);

    await site.redis.cli(...setUser(site.redis.user, mended));
    const counts = [await site.count('room1'), await site.count('room2')];
    report(`${refused} refused, room1`, counts[0]!);
    report(`${refused} refused, room2`, counts[1]!);
    expect(counts).toEqual([clean(41, 41), clean(21, 21)]);
    expect(site.nodes).toHaveLength(1);
  },
);
