import { setTimeout as sleep } from 'node:timers/promises';
import { send } from 'streamly-chat-client';
import { describe, expect, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import { startRedis } from '#test/support/redis-server.js';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import {
  onTestEnd,
  plainClient,
  QUICK,
  Recorder,
  resumingOver,
  startProxy,
  stored,
  waitForEvent,
} from './fixture.js';

/** A node in its own process, which restarts on the same port, with resuming subscriptions and a resuming sender. */
async function site() {
  const redis = await startRedis({ appendonly: true });
  onTestEnd(() => redis.close());
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
  onTestEnd(async () => {
    node.signal('SIGKILL');
    await node.exited;
  });
  const proxy = await startProxy(node);
  const recorders = Array.from({ length: 5 }, () => {
    const { client, events } = resumingOver(plainClient(proxy));
    return { recorder: new Recorder(client, { roomId: 'room', last: 50 }), events };
  });
  await Promise.all(recorders.map(({ events }) => waitForEvent(events, 'live')));
  const talking = talk(resumingOver(plainClient(proxy, { lazyCloseTimeout: 1_000 })).client);

  return {
    redis,
    recorders,
    talking,
    restart: async (signal: NodeJS.Signals) => {
      node.signal(signal);
      await node.exited;
      node = await start();
    },
  };
}

/** Sends one message after the other until it is stopped. */
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
    /** Waits until this many more have been sent. */
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

async function expectAllReceived({
  redis,
  recorders,
  talking,
}: Awaited<ReturnType<typeof site>>): Promise<void> {
  await talking.stop();
  const { sent } = talking;
  await until(() => recorders.every(({ recorder }) => recorder.received.length >= sent.length), {
    what: 'all messages to arrive',
  });
  expect((await stored(redis, 'room')).map(({ content }) => content)).toEqual(sent);
  for (const { recorder, events } of recorders) {
    expect(recorder.contents).toEqual(sent);
    expect(recorder.error).toBeUndefined();
    expect(events.filter(({ type }) => type === 'gap')).toEqual([]);
  }
}

// On a busy machine a restart of the server takes seconds.
describe('delivers every message once and in order', { timeout: 120_000 }, () => {
  test('when the server is restarted, gracefully and by SIGKILL', async () => {
    const running = await site();
    const allLive = (times: number) =>
      Promise.all(running.recorders.map(({ events }) => waitForEvent(events, 'live', times)));
    await running.talking.more(20);
    await running.restart('SIGTERM');
    await allLive(2);
    await running.talking.more(20);
    await running.restart('SIGKILL');
    await allLive(3);
    await running.talking.more(20);
    await expectAllReceived(running);
  });

  test('when Redis is killed and restarted with its data', async () => {
    const running = await site();
    await running.talking.more(20);
    await running.redis.kill();
    await running.redis.restart();
    await running.talking.more(20);
    await expectAllReceived(running);
  });
});
