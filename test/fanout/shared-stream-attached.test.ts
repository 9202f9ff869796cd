import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TestSink } from './fixture.js';
import { DONE, isPending, stage } from './shared-stream-stage.js';

describe('a shared stream that is attached to a sink', () => {
  const attached = async (sink = new TestSink()) => {
    const staged = await stage();
    staged.stream.attach(sink);
    return { ...staged, sink };
  };

  it('is silent: the results go to the sink', async () => {
    const { stream, put, sink } = await attached();
    const next = stream.next();
    const sent = put();
    expect(await isPending(next)).toBe(true);
    expect(sink.received).toEqual([JSON.stringify(sent)]);
    await stream.return();
    expect(await next).toEqual(DONE);
  });

  it('gives a refusal all the same, as its last result', async () => {
    const { stream, hub } = await attached();
    const next = stream.next();
    await hub.close();
    expect((await next).value?.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    expect(await stream.next()).toEqual(DONE);
    expect(hub.size).toEqual({ rooms: 0, projections: 0 });
  });

  it('gives a refusal of before to who asks after', async () => {
    const { stream, hub } = await attached();
    await hub.close();
    expect((await stream.next()).value?.errors).toHaveLength(1);
  });

  it('is refused while it attaches, where the room ended between', async () => {
    const { stream, hub } = await stage();
    await hub.close();
    const sink = new TestSink();
    stream.attach(sink);
    expect((await stream.next()).value?.errors).toMatchObject([
      { extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ]);
    expect(sink.writes).toBe(0);
  });

  it('writes nothing after it is returned, not even where its sink drains then', async () => {
    const { stream, put, sink } = await attached(new TestSink(1));
    put();
    await nextTurn();
    put();
    await nextTurn();
    expect(sink.writes).toBe(1);
    await stream.return();
    sink.drain();
    put();
    await nextTurn();
    expect(sink.writes).toBe(1);
  });

  it('is attached once', async () => {
    const { stream, put, sink } = await attached();
    const other = new TestSink();
    stream.attach(other);
    put();
    await nextTurn();
    expect([sink.writes, other.writes]).toEqual([1, 0]);
    await stream.return();
  });
});
