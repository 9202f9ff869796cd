/** What one WebSocket can make the server begin, and hold, without reading its answers. */
import { expect, test } from 'vitest';
import type { RawSocket } from '#test/support/clients/raw-socket.js';
import { until } from '#test/support/until.js';
import { createHarness } from './harness.js';

const MEGABYTE = 1024 * 1024;
const ASK = { query: '{ field }' };

/** Starts so many queries in one write, so that the server finds them in one read. */
function askTogether(socket: RawSocket, count: number, prefix = ''): void {
  const payload = ASK;
  socket.sendTogether(
    ...Array.from({ length: count }, (_, at) => ({ id: `${prefix}${at}`, type: 'subscribe', payload })),
  );
}

/** A field whose values are given by the test. */
function held() {
  const waiting: ((value: unknown) => void)[] = [];
  return { waiting, field: () => new Promise((resolve) => waiting.push(resolve)) };
}

test('runs as many queries of one read at once as it may, and the others after them, in order', async () => {
  const { waiting, field } = held();
  const { open } = await createHarness({ field });
  const socket = await open();
  askTogether(socket, 25);
  const answered: unknown[] = [];
  for (const expected of [10, 10, 5]) {
    await until(() => waiting.length === expected, { what: `${expected} queries` });
    // Time for more to begin, if they did.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting).toHaveLength(expected);
    for (const answer of waiting.splice(0)) answer('x');
    answered.push(...(await socket.take(2 * expected)));
  }
  const ids = answered.map((message) => (message as { id: string }).id);
  expect(ids).toEqual(Array.from({ length: 25 }, (_, at) => [`${at}`, `${at}`]).flat());
});

test('counts a query that was cancelled until it has ended', async () => {
  const { waiting, field } = held();
  const { open } = await createHarness({ field });
  const socket = await open();
  socket.sendTogether(
    ...Array.from({ length: 50 }, () => [
      { id: 'same', type: 'subscribe', payload: ASK },
      { id: 'same', type: 'complete' },
    ]).flat(),
  );
  for (let round = 0; round < 5; round += 1) {
    await until(() => waiting.length === 10, { what: 'ten queries' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting).toHaveLength(10);
    for (const answer of waiting.splice(0)) answer('x');
  }
  await socket.untilNow();
  expect(waiting).toHaveLength(0);
});

test('begins no more while its answers are not read, and goes on when they are', async () => {
  const text = 'x'.repeat(MEGABYTE);
  let begun = 0;
  const field = () => {
    begun += 1;
    return text;
  };
  const { open } = await createHarness({ field, openAnswers: { unreadBytes: 0 } });
  const socket = await open();
  socket.tcp.pause();
  askTogether(socket, 100);
  await until(() => begun >= 10, { what: 'ten queries' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  // The system holds a few of them for the client.
  expect(begun).toBeLessThan(40);
  socket.tcp.resume();
  await socket.take(200);
  expect(begun).toBe(100);
});

test('ends a connection that leaves more unread than it may', async () => {
  const text = 'x'.repeat(MEGABYTE);
  const { transport, open } = await createHarness({ field: () => text, openAnswers: { answers: 0 } });
  const socket = await open();
  socket.tcp.pause();
  askTogether(socket, 60);
  await until(() => transport.connections === 0, { what: 'the end of the connection', timeout: 5_000 });
});

test('sends an answer that is longer than what may be unread', async () => {
  const text = 'x'.repeat(MEGABYTE);
  const { open } = await createHarness({ field: () => text, openAnswers: { unreadBytes: 1_000 } });
  const socket = await open();
  askTogether(socket, 1);
  expect(await socket.next()).toMatchObject({ payload: { data: { field: text } } });
});

test('ends a connection that pings and does not read the pongs', async () => {
  const { transport, open } = await createHarness({});
  const socket = await open();
  socket.tcp.pause();
  const ping = Buffer.alloc(125);
  let pinged = 0;
  while (transport.connections > 0 && pinged < 500_000) {
    for (let count = 0; count < 1_000; count += 1) socket.socket.ping(ping);
    pinged += 1_000;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => transport.connections === 0, { what: 'the end of the connection', timeout: 5_000 });
});

test('refuses more from an address with RATE_LIMITED, until its answers are there', async () => {
  const { waiting, field } = held();
  const { open } = await createHarness({ field, answers: { perAddress: 3 } });
  const [one, other] = [await open(), await open()];
  askTogether(one, 2);
  askTogether(other, 2);
  const limited = { id: '1', type: 'error', payload: [{ message: expect.stringMatching(/Too many/) }] };
  expect(await other.next()).toMatchObject(limited);
  for (const answer of waiting.splice(0)) answer('x');
  await one.take(4);
  await other.take(2);
  askTogether(one, 3, 'again');
  await until(() => waiting.length === 3, { what: 'three queries' });
  one.crash();
  for (const answer of waiting.splice(0)) answer('x');
  // What a client left behind is given back, too.
  askTogether(other, 3, 'again');
  await until(() => waiting.length === 3, { what: 'three queries' });
});

test('refuses more with RATE_LIMITED while all addresses together have too many under way', async () => {
  const { waiting, field } = held();
  const { open } = await createHarness({ field, answers: { inAll: 2 } });
  const socket = await open();
  askTogether(socket, 3);
  const message = 'Too many operations are in progress. Try again shortly.';
  expect(await socket.next()).toMatchObject({ id: '2', type: 'error', payload: [{ message }] });
  for (const answer of waiting.splice(0)) answer('x');
  await socket.take(4);
  askTogether(socket, 1, 'again');
  await until(() => waiting.length === 1, { what: 'another query' });
  for (const answer of waiting.splice(0)) answer('x');
});

test('executes what was held when the answers before it have been read, although the address was at its limit', async () => {
  // More than the system holds for a client that does not read.
  const text = 'x'.repeat(12 * MEGABYTE);
  const { waiting, field } = held();
  const { open } = await createHarness({
    field,
    answers: { perAddress: 3 },
    openAnswers: { unreadBytes: 0 },
  });
  const socket = await open();
  socket.tcp.pause();
  askTogether(socket, 3);
  await until(() => waiting.length === 3, { what: 'three queries' });
  for (const answer of waiting.splice(0)) answer(text);
  askTogether(socket, 3, 'held');
  // Time for them to arrive.
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.tcp.resume();
  await until(() => waiting.length === 3, { what: 'the queries that were held' });
  for (const answer of waiting.splice(0)) answer('x');
  const types = (await socket.take(12)).map(({ type }) => type);
  expect(types).toEqual(Array.from({ length: 6 }, () => ['next', 'complete']).flat());
});

test('closes the connection that leaves most unread, if those of its address leave too much', async () => {
  const text = 'x'.repeat(MEGABYTE);
  const harness = await createHarness({
    field: () => text,
    openAnswers: { answers: 0, unreadBytes: 0 },
    unread: { perAddress: 4 * MEGABYTE },
  });
  const { transport, open } = harness;
  const [reading, stalled] = [await open(), await open()];
  stalled.tcp.pause();
  askTogether(stalled, 60);
  await until(() => transport.connections === 1, { what: 'the end of the connection' });
  expect(harness.terminated).toBe(1);
  askTogether(reading, 3);
  expect(await reading.take(6)).toHaveLength(6);
});
