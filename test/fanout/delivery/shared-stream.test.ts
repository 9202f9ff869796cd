import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import { describe, expect, test } from 'vitest';
import type { SharedStream } from '#fanout/delivery/shared-stream.js';
import { ROOM, TestSink } from '#test/fanout/fixture.js';
import { createStreamHarness, DONE, isPending } from './shared-stream-harness.js';

describe('an iterated shared stream', () => {
  test('yields results in order until return()', async () => {
    const { stream, put, hub } = await createStreamHarness();
    const first = stream.next();
    const sent = [put(), put(), put()];
    const received: ExecutionResult[] = [(await first).value!];
    for await (const value of stream) {
      received.push(value);
      if (received.length === 3) break;
    }
    expect(received).toEqual(sent);
    expect(await stream.next()).toEqual(DONE);
    expect(hub.size).toEqual({ rooms: 0, projections: 0 });
  });

  test('buffers at most one batch for a slow consumer', async () => {
    const { stream, put, store } = await createStreamHarness();
    const first = stream.next();
    const sent = [put()];
    await first;
    for (let count = 0; count < 50; count += 1) sent.push(put());
    await nextTurn();
    // The log holds 16 of them. The others come from the store.
    expect(store.kept(ROOM)).toHaveLength(51);
    for (const expected of sent.slice(1)) expect((await stream.next()).value).toEqual(expected);
    await stream.return();
  });

  test('answers concurrent next() calls with one result each, in order', async () => {
    const { stream, put } = await createStreamHarness();
    const calls = [stream.next(), stream.next(), stream.next()];
    const sent = [put(), put()];
    expect((await calls[0]!).value).toEqual(sent[0]);
    expect((await calls[1]!).value).toEqual(sent[1]);
    await stream.return();
    expect(await calls[2]!).toEqual(DONE);
  });

  test('resolves a waiting next() as done on return() or throw()', async () => {
    const one = await createStreamHarness();
    const waiting = one.stream.next();
    expect(await isPending(waiting)).toBe(true);
    expect(await one.stream.return()).toEqual(DONE);
    expect(await waiting).toEqual(DONE);

    const other = await createStreamHarness();
    const error = new Error('thrown');
    const alsoWaiting = other.stream.next();
    await expect(other.stream.throw(error)).rejects.toBe(error);
    expect(await alsoWaiting).toEqual(DONE);
    expect(other.hub.size.rooms).toBe(0);
  });

  test('yields a refusal as the last result, after the messages', async () => {
    const { stream, put, hub } = await createStreamHarness();
    const first = stream.next();
    const sent = [put(), put()];
    expect((await first).value).toEqual(sent[0]);
    await nextTurn();
    await hub.close();
    expect((await stream.next()).value).toEqual(sent[1]);
    const refusal = (await stream.next()).value!;
    expect(refusal.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    expect(refusal.data).toBeUndefined();
    expect(await stream.next()).toEqual(DONE);
  });
});

describe('an unused shared stream', () => {
  test.each<[string, (stream: SharedStream) => Promise<unknown>]>([
    ['return', (stream) => stream.return()],
    ['throw', (stream) => stream.throw(new Error('x')).catch(() => undefined)],
    ['asyncDispose', (stream) => stream[Symbol.asyncDispose]()],
  ])('releases its source once on %s, and then ignores sinks', async (_how, end) => {
    const { stream, hub } = await createStreamHarness();
    expect(hub.size.rooms).toBe(1);
    await end(stream);
    await end(stream);
    expect(hub.size.rooms).toBe(0);
    const sink = new TestSink();
    stream.attach(sink);
    expect(hub.size.projections).toBe(0);
    expect(await stream.next()).toEqual(DONE);
  });
});
