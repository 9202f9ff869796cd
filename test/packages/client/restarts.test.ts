import { setTimeout as sleep } from 'node:timers/promises';
import { send } from 'streamly-chat-client';
import { describe, expect, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import { startRedis } from '#test/support/redis-server.js';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { atEnd, networkTo, plainClient, QUICK, resumingOver, stored, told, Viewer } from './fixture.js';

/** A node in a process of its own, which comes back on the same port; viewers and a sender who resume. */
async function site() {
  const redis = await startRedis({ appendonly: true });
  atEnd(() => redis.close());
  const port = await freePort();
  const start = () =>
    spawnServer({
      redisUrl: redis.url,
      PORT: port,
      LOG_LEVEL: 'silent',
      REDIS_TIMEOUT_MS: 300,
      HEAD_CHECK_MS: 200,
    });
  let node: ServerProcess = await start();
  atEnd(async () => {
    node.signal('SIGKILL');
    await node.exited;
  });
  const network = await networkTo(node);
  const viewers = Array.from({ length: 5 }, () => {
    const { client, events } = resumingOver(plainClient(network));
    return { viewer: new Viewer(client, { roomId: 'room', last: 50 }), events };
  });
  await Promise.all(viewers.map(({ events }) => told(events, 'live')));
  const talking = talk(resumingOver(plainClient(network, { lazyCloseTimeout: 1_000 })).client);

  return {
    redis,
    viewers,
    talking,
    restart: async (signal: NodeJS.Signals) => {
      node.signal(signal);
      await node.exited;
      node = await start();
    },
  };
}

/** Sends one message after the other until it is told to stop. */
function talk(client: ReturnType<typeof resumingOver>['client']) {
  const sent: string[] = [];
  let talking = true;
  const talked = (async () => {
    while (talking) {
      const content = `message ${sent.length + 1}`;
      await send(client, { roomId: 'room', content }, QUICK);
      sent.push(content);
      await sleep(2);
    }
  })();
  return {
    sent,
    /** Waits until so many more were sent. */
    more: (count: number) => {
      const goal = sent.length + count;
      return until(() => sent.length >= goal, { what: `${count} more messages` });
    },
    stop: async () => {
      talking = false;
      await talked;
    },
  };
}

async function everyoneHasAll({ redis, viewers, talking }: Awaited<ReturnType<typeof site>>): Promise<void> {
  await talking.stop();
  const { sent } = talking;
  await until(() => viewers.every(({ viewer }) => viewer.received.length >= sent.length), {
    what: 'everything to arrive',
  });
  expect((await stored(redis, 'room')).map(({ content }) => content)).toEqual(sent);
  for (const { viewer, events } of viewers) {
    expect(viewer.contents).toEqual(sent);
    expect(viewer.error).toBeUndefined();
    expect(events.filter(({ type }) => type === 'gap')).toEqual([]);
  }
}

// A server that starts again takes seconds on a busy machine.
describe('nothing is lost, nothing comes twice, and all comes in order', { timeout: 120_000 }, () => {
  test('when the server is restarted, in good order and without a word', async () => {
    const running = await site();
    const everyoneIsLive = (times: number) =>
      Promise.all(running.viewers.map(({ events }) => told(events, 'live', times)));
    await running.talking.more(20);
    await running.restart('SIGTERM');
    await everyoneIsLive(2);
    await running.talking.more(20);
    await running.restart('SIGKILL');
    await everyoneIsLive(3);
    await running.talking.more(20);
    await everyoneHasAll(running);
  });

  test('when Redis is killed and comes back with its data', async () => {
    const running = await site();
    await running.talking.more(20);
    await running.redis.kill();
    await running.redis.restart();
    await running.talking.more(20);
    await everyoneHasAll(running);
  });
});
