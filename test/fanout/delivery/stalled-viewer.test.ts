/** A viewer that stops reading costs a cursor: no queue grows for it, and nobody else notices. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSender, SocketViewer, WITHOUT_LIMITS } from '#test/fanout/room-of-viewers.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const MESSAGES = 50_000;
/** What the connections hold by themselves, at both ends, is a part of what is sent. */
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
  ['keeps all of it', 100_000],
  ['keeps a part of it', 2_000],
])('while many messages pass, in a store that %s', (_what, historyLimit) => {
  const used = useServer({ HISTORY_LIMIT: historyLimit, ...WITHOUT_LIMITS });
  let sender: Awaited<ReturnType<typeof connectSender>>;
  const viewers: SocketViewer[] = [];
  beforeAll(async () => {
    sender = await connectSender(used.redis.url, historyLimit);
  });
  afterAll(async () => {
    for (const viewer of viewers) viewer.close();
    await sender?.close();
  });

  test('viewers that do not read cost nothing that grows, and get what is kept when they read again', {
    timeout: 180_000,
  }, async () => {
    const neighbour = await SocketViewer.join(used.server, 'room1');
    const stalled = await Promise.all(
      Array.from({ length: STALLED }, () => SocketViewer.join(used.server, 'room1')),
    );
    viewers.push(neighbour, ...stalled);
    for (const viewer of stalled) viewer.stall();

    let passed = 0;
    const pass = async (count: number) => {
      // No faster than the neighbour reads, which must not fall behind what is kept.
      for (const end = passed + count; passed < end; ) {
        const together = Math.min(1_000, end - passed);
        await sender.send('room1', together, MESSAGE_BYTES);
        passed += together;
        await until(() => neighbour.received === passed, {
          what: 'all messages at the neighbour',
          timeout: 60_000,
          interval: 2,
        });
      }
    };
    await pass(MESSAGES / 5);
    const before = memory();
    await pass((MESSAGES * 4) / 5);
    // A queue for each of them would have grown by 20 MB. (What is free is not given back at once.)
    await until(() => memory() < before + 2_000_000, { what: 'memory to be what it was', timeout: 60_000 });
    expect(neighbour).toMatchObject({ received: MESSAGES, first: 0, disorder: [], errors: [] });
    for (const viewer of stalled) expect(viewer.received).toBeLessThan(MESSAGES / 2);

    for (const viewer of stalled) viewer.goOn();
    const isKept = historyLimit > MESSAGES;
    await until(() => stalled.every(({ received, isComplete }) => isComplete || received === MESSAGES), {
      what: 'all that is kept, or a refusal',
      timeout: 60_000,
    });
    for (const viewer of stalled) {
      expect(viewer).toMatchObject({ first: 0, disorder: [] });
      expect(viewer.received === MESSAGES).toBe(isKept);
      expect(viewer.errors).toMatchObject(isKept ? [] : [{ extensions: { code: 'CURSOR_EXPIRED' } }]);
    }
    // And live it goes on for those who were not refused.
    await pass(10);
    if (isKept) {
      await until(() => stalled.every(({ received }) => received === MESSAGES + 10), {
        what: 'live messages',
      });
    }
  });
});
