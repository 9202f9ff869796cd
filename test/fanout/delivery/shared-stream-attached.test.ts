import { describe, expect, test } from 'vitest';
import { TestSink, turns } from '#test/fanout/fixture.js';
import { createStreamHarness, DONE } from './shared-stream-harness.js';

describe('a shared stream attached to a sink', () => {
  const attached = async (sink = new TestSink()) => {
    const harness = await createStreamHarness();
    harness.stream.attach(sink);
    return { ...harness, sink };
  };

  test('delivers results to the sink, and none to an iterator', async () => {
    const { stream, put, sink } = await attached();
    const sent = put();
    await turns();
    expect(sink.received).toEqual([JSON.stringify(sent)]);
    expect(await stream.next()).toEqual(DONE);
    await stream.return();
    expect(sink.refusals).toEqual([]);
  });

  test('notifies the sink of a refusal once, and releases its source', async () => {
    const { stream, hub, sink } = await attached();
    await hub.close();
    expect(sink.refusals).toMatchObject([{ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] }]);
    expect(await stream.next()).toEqual(DONE);
    expect(hub.size).toEqual({ rooms: 0, projections: 0 });
  });

  test('rejects a subscription whose room closed while it was starting', async () => {
    const { stream, hub } = await createStreamHarness();
    await hub.close();
    const sink = new TestSink();
    stream.attach(sink);
    expect(sink.refusals).toMatchObject([{ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] }]);
    expect(sink.writes).toBe(0);
  });

  test('writes nothing after return(), even if the sink drains later', async () => {
    const { stream, put, sink } = await attached(new TestSink(1));
    put();
    await turns();
    put();
    await turns();
    expect(sink.writes).toBe(1);
    await stream.return();
    sink.drain();
    put();
    await turns();
    expect(sink.writes).toBe(1);
  });

  test('ignores a second sink', async () => {
    const { stream, put, sink } = await attached();
    const other = new TestSink();
    stream.attach(other);
    put();
    await turns();
    expect([sink.writes, other.writes]).toEqual([1, 0]);
    await stream.return();
  });
});
