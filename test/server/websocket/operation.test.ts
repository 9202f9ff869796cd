/** An operation on a WebSocket, whatever its resolvers do. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { SharedStream } from '#fanout/delivery/shared-stream.js';
import type { RawSocket } from '#test/support/clients/raw-socket.js';
import { until } from '#test/support/until.js';
import { createHarness, createStream, delivering } from './harness.js';

const SUBSCRIBE = { query: 'subscription { field }' };

/** Expects that the connection still works. */
async function expectUsable(socket: RawSocket): Promise<void> {
  socket.subscribe('after', { query: '{ __typename }' });
  expect(await socket.take(2)).toEqual([
    { id: 'after', type: 'next', payload: { data: { __typename: 'Query' } } },
    { id: 'after', type: 'complete' },
  ]);
}

describe('a bug ends one operation and leaves the connection open', () => {
  const broken = () => {
    throw new Error('broken');
  };

  test.each([
    ['throws', broken],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['returns a stream that cannot start', () => createStream(broken).stream],
    ['returns such a stream later', async () => createStream(broken).stream],
  ])('when subscribing %s', async (_how, subscribe) => {
    const { open, faults } = await createHarness({ subscribe });
    const socket = await open();
    socket.subscribe('1', SUBSCRIBE);
    expect(await socket.take(2)).toMatchObject([
      { id: '1', type: 'next', payload: { errors: [{ message: 'broken' }] } },
      { id: '1', type: 'complete' },
    ]);
    await expectUsable(socket);
    expect(faults).toEqual([]);
  });

  test('when a result cannot be serialized as JSON', async () => {
    const { open, faults } = await createHarness({ field: () => 1n });
    const socket = await open();
    socket.subscribe('1', { query: '{ field }' });
    expect(await socket.next()).toMatchObject({
      id: '1',
      type: 'error',
      payload: [{ message: expect.stringContaining('BigInt') }],
    });
    await expectUsable(socket);
    expect(faults).toEqual([]);
  });
});

describe('a complete message from the client', () => {
  test('releases a subscription whose stream is created later', async () => {
    const { stream, source } = createStream(delivering({ data: { field: 'late' } }));
    let give!: (stream: SharedStream) => void;
    const given = new Promise<SharedStream>((resolve) => {
      give = resolve;
    });
    const { open } = await createHarness({ subscribe: () => given });
    const socket = await open();
    socket.send({ id: '1', type: 'subscribe', payload: SUBSCRIBE }, { id: '1', type: 'complete' });
    expect(await socket.untilNow()).toEqual([]);
    give(stream);
    await until(() => source.released === 1, { what: 'the stream to be released' });
    expect(await socket.untilNow()).toEqual([]);
  });

  test('frees the id at once, whatever still runs under it', async () => {
    const answers: ((value: string) => void)[] = [];
    const { open } = await createHarness({ field: () => new Promise((resolve) => answers.push(resolve)) });
    const socket = await open();
    const ask = { id: '1', type: 'subscribe', payload: { query: '{ field }' } };
    socket.send(ask, { id: '1', type: 'complete' }, ask);
    await until(() => answers.length === 2, { what: 'both to run' });
    answers[0]!('first');
    answers[1]!('second');
    expect(await socket.take(2)).toEqual([
      { id: '1', type: 'next', payload: { data: { field: 'second' } } },
      { id: '1', type: 'complete' },
    ]);
    expect(await socket.untilNow()).toEqual([]);
  });

  test('does not stop a mutation that was sent and waits for a subscription', async () => {
    let give!: (stream: SharedStream) => void;
    const given = new Promise<SharedStream>((resolve) => {
      give = resolve;
    });
    let ran = 0;
    const { open } = await createHarness({ subscribe: () => given, field: () => ++ran });
    const socket = await open();
    socket.subscribe('1', SUBSCRIBE);
    socket.subscribe('2', { query: 'mutation { field }' });
    socket.send({ id: '2', type: 'complete' });
    expect(await socket.untilNow()).toEqual([]);
    expect(ran).toBe(0);
    give(createStream(delivering()).stream);
    await until(() => ran === 1, { what: 'the mutation to run' });
    expect((await socket.untilNow()).map(({ id }) => id)).not.toContain('2');
  });
});

test('releases every stream when the connection breaks', async () => {
  const sources: { released: number }[] = [];
  const subscribe = () => {
    const { stream, source } = createStream(delivering());
    sources.push(source);
    return stream;
  };
  const { open } = await createHarness({ subscribe });
  const socket = await open();
  for (const id of ['1', '2', '3']) socket.subscribe(id, SUBSCRIBE);
  await socket.untilNow();
  expect(sources.map(({ released }) => released)).toEqual([0, 0, 0]);
  socket.crash();
  await until(() => sources.every(({ released }) => released === 1), { what: 'every stream to be released' });
});

test('completes live subscriptions and closes with 1001 when the server shuts down', async () => {
  const { open, transport } = await createHarness({ subscribe: () => createStream(delivering()).stream });
  const socket = await open();
  socket.subscribe('1', SUBSCRIBE);
  socket.subscribe('2', SUBSCRIBE);
  await socket.untilNow();
  void transport.close();
  expect(await socket.take(2)).toEqual([
    { id: '1', type: 'complete' },
    { id: '2', type: 'complete' },
  ]);
  expect(await socket.closed).toEqual({ code: 1001, reason: 'Going away' });
});

test('starts no more operations for a client that does not read, not even those already received', async () => {
  const big = { data: { field: 'x'.repeat(200_000) } };
  let begun = 0;
  const subscribe = () => {
    begun += 1;
    return createStream(delivering(big)).stream;
  };
  const { open } = await createHarness({ subscribe });
  const socket = await open();
  socket.tcp.pause();
  const count = 300;
  // 300 messages fit into one read.
  socket.sendTogether(
    ...Array.from({ length: count }, (_, index) => ({
      id: `${index}`,
      type: 'subscribe',
      payload: SUBSCRIBE,
    })),
  );
  await until(() => begun > 0, { what: 'the first to start' });
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  // The sockets buffer a few megabytes, and all answers would be sixty.
  expect(begun).toBeLessThan(count / 2);

  socket.tcp.resume();
  const ids = new Set((await socket.take(count)).map(({ id }) => id));
  expect([begun, ids.size]).toEqual([count, count]);
  await expectUsable(socket);
});
