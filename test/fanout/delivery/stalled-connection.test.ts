/**
 * A client that stops reading costs the server only a cursor. No queue grows, and other clients are
 * unaffected.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSender, SocketClient, WITHOUT_LIMITS } from '#test/fanout/socket-client.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const MESSAGES = 50_000;
/** Large enough that the buffers of a connection hold only a part of all messages. */
const MESSAGE_BYTES = 500;
const STALLED = 4;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function memory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe.each([
  ['keeps all messages', 100_000],
  ['keeps some of the messages', 2_000],
])('with a store that %s', (_what, historyLimit) => {
  const used = useServer({ HISTORY_LIMIT: historyLimit, ...WITHOUT_LIMITS });
  let sender: Awaited<ReturnType<typeof connectSender>>;
  const clients: SocketClient[] = [];
  beforeAll(async () => {
    sender = await connectSender(used.redis.url, historyLimit);
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await sender?.close();
  });

  test('stalled clients cost no memory, and receive everything kept or an error when they resume', {
    timeout: 180_000,
  }, async () => {
    const neighbor = await SocketClient.join(used.server, 'room1');
    const stalled = await Promise.all(
      Array.from({ length: STALLED }, () => SocketClient.join(used.server, 'room1')),
    );
    clients.push(neighbor, ...stalled);
    for (const client of stalled) client.stall();

    let sent = 0;
    const send = async (count: number) => {
      // Send no faster than the neighbor reads, so that it does not fall behind the history limit.
      for (const end = sent + count; sent < end; ) {
        const batch = Math.min(1_000, end - sent);
        await sender.send('room1', batch, MESSAGE_BYTES);
        sent += batch;
        await until(() => neighbor.received === sent, {
          what: 'the neighbor to receive all messages',
          timeout: 60_000,
          interval: 2,
        });
      }
    };
    await send(MESSAGES / 5);
    const before = memory();
    await send((MESSAGES * 4) / 5);
    // A queue per client would have grown by 20 MB. Memory may take a while to be freed.
    await until(() => memory() < before + 2_000_000, {
      what: 'memory use to return to its earlier level',
      timeout: 60_000,
    });
    expect(neighbor).toMatchObject({ received: MESSAGES, first: 0, disorder: [], errors: [] });
    for (const client of stalled) expect(client.received).toBeLessThan(MESSAGES / 2);

    for (const client of stalled) client.resume();
    const isKept = historyLimit > MESSAGES;
    await until(() => stalled.every(({ received, isComplete }) => isComplete || received === MESSAGES), {
      what: 'all messages or an error',
      timeout: 60_000,
    });
    for (const client of stalled) {
      expect(client).toMatchObject({ first: 0, disorder: [] });
      expect(client.received === MESSAGES).toBe(isKept);
      expect(client.errors).toMatchObject(isKept ? [] : [{ extensions: { code: 'CURSOR_EXPIRED' } }]);
    }
    // Clients that caught up continue to receive live messages.
    await send(10);
    if (isKept) {
      await until(() => stalled.every(({ received }) => received === MESSAGES + 10), {
        what: 'live messages',
      });
    }
  });
});
