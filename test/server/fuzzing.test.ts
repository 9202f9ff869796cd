/** Sends 100,000 random frames to the WebSocket endpoint, the same ones in each run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { frame, fuzzFrame, Seeded } from '#test/support/fuzz.js';
import { RawTcp, upgradeHead } from '#test/support/raw-tcp.js';
import { say } from '#test/support/say.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ HISTORY_LIMIT: 50, QUERY_COST_LIMIT: 0 });

const FRAMES = 100_000;
const FRAMES_A_CONNECTION = 100;
const AT_ONCE = 16;
const SEED = 20_261_123;

const INIT = frame(Buffer.from('{"type":"connection_init"}'));

/** Answered only if everything before it was read. */
const END = frame(Buffer.from('{"type":"ping","payload":{"end":true}}'));

/** Completes any frame that was left open, and is not a valid frame itself. */
const TAIL = Buffer.alloc(70_000, 0xff);

/** How long to wait for an answer, in milliseconds. */
const STUCK_MS = 200;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(`${used.server.origin}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** Resolves to the heap size once no frame is being handled any more. */
async function heapAtRest(): Promise<number> {
  await until(
    async () => {
      const now = await metrics();
      return (
        now.get('streamly_connections{transport="websocket"}') === 0 &&
        now.get('streamly_subscriptions') === 0
      );
    },
    { what: 'every connection to be closed', timeout: 20_000 },
  );
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/**
 * Connects, sends frames in one write after the acknowledgement, and leaves. Returns whether it was answered.
 */
async function attack(random: Seeded): Promise<boolean> {
  const connection = await RawTcp.open(used.server);
  const frames = Array.from({ length: FRAMES_A_CONNECTION }, () => fuzzFrame(random));
  const isKnown = random.chance(0.95);
  await connection.write(
    Buffer.concat([Buffer.from(`${upgradeHead()}\r\n`), isKnown ? INIT : Buffer.alloc(0)]),
  );
  if (isKnown) await connection.until('"connection_ack"');
  await connection.write(Buffer.concat([...frames, END]));
  // After a frame that is shorter than its header says, the server waits for the rest and does not answer.
  const gaveUp = new AbortController();
  await Promise.race([connection.until('"end"'), sleep(STUCK_MS, undefined, gaveUp).catch(() => undefined)]);
  gaveUp.abort();
  connection.socket.end(TAIL);
  await connection.closed;
  return connection.received.includes('"id"');
}

async function attackAll(random: Seeded, frames: number): Promise<number> {
  let left = frames / FRAMES_A_CONNECTION;
  let answered = 0;
  const attackInTurn = async () => {
    while (left-- > 0) if (await attack(random)) answered += 1;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, attackInTurn));
  return answered;
}

test('100,000 random and mutated frames leave the server healthy and its memory unchanged', async () => {
  const random = new Seeded(SEED);
  const faults: unknown[] = [];
  const onFault = (error: unknown) => void faults.push(error);
  process.on('unhandledRejection', onFault);

  await attackAll(random, FRAMES / 4);
  const before = await heapAtRest();
  const answered = await attackAll(random, (3 * FRAMES) / 4);
  const after = await heapAtRest();

  process.off('unhandledRejection', onFault);
  expect(faults).toEqual([]);
  // Some frames reached the execution of operations, rather than all ending at the first frame.
  expect(answered).toBeGreaterThan((0.1 * FRAMES) / FRAMES_A_CONNECTION);
  const counted = await metrics();
  expect(
    counted.get('streamly_operations_total{transport="websocket",kind="subscription",outcome="ok"}'),
  ).toBeGreaterThan(1_000);
  expect(counted.get('streamly_refusals_total{code="INTERNAL_SERVER_ERROR"}')).toBe(0);
  expect((after - before) / 2 ** 20).toBeLessThan(8);

  const viewer = await RawSocket.ready(used.server);
  viewer.subscribe('1', { query: 'subscription { messageAdded(roomId: "after") { content } }' });
  await viewer.untilNow();
  await until(async () => (await metrics()).get('streamly_subscriptions') === 1, { what: 'the viewer' });
  await say(used.server, 'after', 'still here');
  expect(await viewer.next()).toMatchObject({
    payload: { data: { messageAdded: { content: 'still here' } } },
  });
  await viewer.close();
}, 60_000);
