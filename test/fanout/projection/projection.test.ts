import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Framing } from '#fanout/projection/framing.js';
import { createHub, follow, type Render, ROOM, TestSink, turns } from '#test/fanout/fixture.js';
import { Slow } from './slow-render.js';

describe('a projection', () => {
  test('gathers what comes in one turn of the event loop into one write', async () => {
    const { hub, store } = createHub();
    const viewer = await follow(hub, { from: 'now' });
    const sent = [1, 2, 3].map(() => store.put(ROOM).id);
    await turns();
    expect(viewer.sink.received).toEqual(sent);
    expect(viewer.sink.writes).toBe(1);
    viewer.leave();
  });

  test('gathers what comes while a flush waits for its results into the next', async () => {
    const { hub, store } = createHub();
    const slow = new Slow();
    const viewer = await follow(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    const sent = [store.put(ROOM).id];
    await turns();
    sent.push(store.put(ROOM).id, store.put(ROOM).id);
    await turns();
    expect(slow.rendered).toEqual(sent.slice(0, 1));
    await slow.finish();
    expect(viewer.sink.received).toEqual(sent.slice(0, 1));
    await slow.finish();
    expect(viewer.sink.received).toEqual(sent);
    expect(viewer.sink.writes).toBe(2);
    viewer.leave();
  });

  test('does not mix up its slots where the log wraps around while results are on their way', async () => {
    const { hub, store } = createHub({ logCapacity: 3 });
    const slow = new Slow();
    const viewer = await follow(hub, { from: 'now' }, { key: 'slow', render: slow.render });
    const late = await follow(hub, { from: 'now' }, { key: 'slow', sink: new TestSink(0) });
    const sent = [1, 2].map(() => store.put(ROOM).id);
    await turns();
    for (let count = 0; count < 7; count += 1) sent.push(store.put(ROOM).id);
    for (let round = 0; round < 6; round += 1) await slow.finish();
    expect(viewer.sink.received).toEqual(sent);
    late.sink.room = 1;
    for (let round = 0; round < 12; round += 1) {
      late.sink.drain();
      await slow.finish();
    }
    expect(late.sink.received).toEqual(sent);
    for (const each of [viewer, late]) each.leave();
  });

  test('builds a batch once for all of one framing, and a new one for what came later', async () => {
    const { hub, store } = createHub();
    let encoded = 0;
    const framing: Framing<string[]> = {
      key: 'counted',
      encode: (payloads) => {
        encoded += 1;
        return payloads.map(String);
      },
    };
    class CountedSink extends TestSink {
      override readonly framing = framing;
    }
    const viewers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        follow(hub, { from: 'now' }, { sink: index % 2 === 0 ? new CountedSink() : new TestSink() }),
      ),
    );
    const sent = [store.put(ROOM).id];
    await turns();
    expect(encoded).toBe(1);
    // One of them joins behind the others, before more comes and after: its batch is not the old one.
    const early = await follow(hub, { from: 'after', cursor: '0' }, { sink: new CountedSink(1) });
    sent.push(store.put(ROOM).id);
    await turns();
    early.sink.drain();
    const late = await follow(hub, { from: 'after', cursor: '0' }, { sink: new CountedSink() });
    for (const viewer of [...viewers, early, late]) {
      expect(viewer.sink.received).toEqual(sent);
      viewer.leave();
    }
  });

  test('cuts a batch where it grows large, so that who stalls holds no more', async () => {
    const { hub, store } = createHub({ logCapacity: 64 });
    const large: Render = (message) => Buffer.from(message.id.padEnd(10_000));
    const stalled = await follow(hub, { from: 'now' }, { render: large, sink: new TestSink(1) });
    const sent = Array.from({ length: 40 }, () => store.put(ROOM).id);
    await turns();
    expect(stalled.sink.received).toHaveLength(7);
    stalled.sink.room = Number.POSITIVE_INFINITY;
    stalled.sink.drain();
    expect(stalled.sink.received.map((text) => text.trim())).toEqual(sent);
    stalled.leave();
  });

  test('gives others their turn while it serves a large room', async () => {
    const { hub, store } = createHub();
    let served = 0;
    let turnsOfOthers = 0;
    class HeavySink extends TestSink {
      override write(frames: string[]): void {
        super.write(frames);
        served += 1;
        const until = performance.now() + 1;
        while (performance.now() < until);
      }
    }
    const viewers = await Promise.all(
      Array.from({ length: 60 }, () => follow(hub, { from: 'now' }, { sink: new HeavySink() })),
    );
    store.put(ROOM);
    while (served < viewers.length) {
      await nextTurn();
      turnsOfOthers += 1;
    }
    // More than the one in which the flush begins and the one in which it ends.
    expect(turnsOfOthers).toBeGreaterThan(5);
    for (const viewer of viewers) viewer.leave();
  });

  test('serves who comes and who goes in the middle of a flush', async () => {
    const { hub, store } = createHub();
    const viewers: Awaited<ReturnType<typeof follow>>[] = [];
    class LeavingSink extends TestSink {
      override write(frames: string[]): void {
        super.write(frames);
        viewers[1]!.leave();
      }
    }
    viewers.push(await follow(hub, { from: 'now' }, { sink: new LeavingSink() }));
    viewers.push(await follow(hub, { from: 'now' }));
    viewers.push(await follow(hub, { from: 'now' }));
    const { id } = store.put(ROOM);
    await turns();
    expect(viewers.map(({ sink }) => sink.received)).toEqual([[id], [], [id]]);
    for (const viewer of viewers) viewer.leave();
    expect(hub.size.rooms).toBe(0);
  });
});
