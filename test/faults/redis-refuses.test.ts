import { expect, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import { ask, connectionCount } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { nothingLost, report, startSite } from './fixture.js';

test('when Redis drops the subscriber because its output buffer is full, missed messages are read from the log', async () => {
  const site = await startSite();
  const viewers = Array.from({ length: 5 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  sender.start(300);
  await until(() => viewers.every(({ total }) => total > 20), { what: 'messages to flow' });
  const connection = async () =>
    /^id=\d+/.exec(await site.redis.cli('CLIENT', 'LIST', 'TYPE', 'pubsub'))?.[0];

  // Publish more at once than the socket buffers hold, so that Redis drops the subscriber.
  await site.redis.cli('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1 0 0');
  const flood = 'for i = 1, 100 do redis.call("PUBLISH", KEYS[1], string.rep("x", 1000)) end';
  for (let kick = 1; kick <= 5; kick += 1) {
    const before = await until(connection, { what: 'the subscriber to be connected' });
    await site.redis.cli('EVAL', flood, '1', 'messages:room1');
    await until(async () => (await connection()) !== before, { what: 'the subscriber to be dropped' });
  }
  await sender.stop();

  const counts = await site.count('room1');
  report('dropped for its output buffer', counts, { drops: 5 });
  expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
});

const states = [
  {
    what: 'its memory is full',
    begin: () => ['CONFIG', 'SET', 'maxmemory', '1'],
    end: ['CONFIG', 'SET', 'maxmemory', '0'],
  },
  {
    what: 'it is a replica',
    // The primary does not answer: the replica keeps its data and refuses writes.
    begin: async () => ['REPLICAOF', '127.0.0.1', String(await freePort())],
    end: ['REPLICAOF', 'NO', 'ONE'],
  },
] as const;

test.each(states)(
  'while Redis refuses writes because $what, sends get SERVICE_UNAVAILABLE and reads still work',
  async ({ what, begin, end }) => {
    const site = await startSite({ variables: { PRESENCE_HEARTBEAT_MS: 500 } });
    const node = site.node();
    const viewers = Array.from({ length: 3 }, () => site.viewer('room1'));
    const sender = site.sender('room1');
    sender.start(200);
    await until(() => viewers.every(({ total }) => total > 20), { what: 'messages to flow' });

    const [command, ...args] = await begin();
    await site.redis.cli(command!, ...args);
    await until(() => (sender.refusals.get('SERVICE_UNAVAILABLE') ?? 0) > 20, {
      what: 'sends to be refused',
    });
    viewers.push(site.viewer('room1'));
    await until(() => viewers.at(-1)!.total > 20, { what: 'a new viewer to read the history' });
    const query = '{ messages(roomId: "room1", last: 1) { nodes { id } } }';
    await until(async () => typeof (await ask(node, { query })) === 'object', { what: 'a page to be read' });
    await site.redis.cli(...(end as unknown as [string]));
    await sender.stop();

    const counts = await site.count('room1');
    report(`no writes because ${what}`, counts, { refusals: [...sender.refusals].join(' ') });
    expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
    expect([...sender.refusals.keys()]).toEqual(['SERVICE_UNAVAILABLE']);
    await until(async () => (await connectionCount(node, 'room1')) === 4, {
      what: 'every viewer to be counted',
    });
  },
);
