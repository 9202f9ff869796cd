import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Render } from '#fanout/projection/framing.js';
import { SelectionLimit } from '#fanout/projection/selection-limit.js';
import { Topics } from '#fanout/topics/topics.js';
import { TestSink, UNLIMITED_SELECTIONS } from '#test/fanout/fixture.js';

const EVERY_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Creates topics with one counter, and records its reads and renders. */
function createHarness() {
  const troubles: unknown[] = [];
  const topics = new Topics({
    everyMs: EVERY_MS,
    selectionLimit: new SelectionLimit(UNLIMITED_SELECTIONS),
    perAddress: 0,
    onTrouble: (_name, error) => void troubles.push(error),
  });
  const topic = { value: 0, reads: 0, renders: 0 };
  const read = () => {
    topic.reads += 1;
    return topic.value;
  };
  const asText: Render<number> = (value) => {
    topic.renders += 1;
    return Buffer.from(String(value));
  };
  const watch = ({ sink = new TestSink(), key = 'text', render = asText } = {}) => {
    const source = topics.watch('count', read);
    const refusals: unknown[] = [];
    const owner = { refused: (reason: unknown) => void refusals.push(reason) };
    const delivery = source.subscribe(key, () => render, sink, owner);
    delivery.pump();
    const leave = () => {
      delivery.end();
      source.release();
    };
    return { sink, refusals, leave };
  };
  return { topics, topic, troubles, watch };
}

/** Lets this many broadcast intervals pass. */
async function pass(intervals: number): Promise<void> {
  for (let quarter = 0; quarter < intervals * 4; quarter += 1) {
    vi.advanceTimersByTime(EVERY_MS / 4);
    await nextTurn();
  }
}

describe('a topic', () => {
  test('delivers its value at once, then changes at most once per interval', async () => {
    const { topic, watch } = createHarness();
    const subscription = watch();
    await nextTurn();
    expect(subscription.sink.received).toEqual(['0']);
    topic.value = 1;
    vi.advanceTimersByTime(EVERY_MS / 2);
    topic.value = 2;
    await nextTurn();
    expect(subscription.sink.received).toEqual(['0']);
    await pass(1);
    expect(subscription.sink.received).toEqual(['0', '2']);
    subscription.leave();
  });

  test('delivers nothing if the value has not changed', async () => {
    const { watch } = createHarness();
    const subscription = watch();
    await pass(5);
    expect(subscription.sink.received).toEqual(['0']);
    subscription.leave();
  });

  test('is rendered once per distinct selection', async () => {
    const { topic, watch } = createHarness();
    const doubled: Render<number> = async (value) => Buffer.from(String(value * 2));
    const subscriptions = Array.from({ length: 20 }, () => watch());
    const other = watch({ key: 'doubled', render: doubled });
    await nextTurn();
    topic.value = 3;
    await pass(1);
    expect(topic.renders).toBe(2);
    for (const subscription of subscriptions) expect(subscription.sink.received).toEqual(['0', '3']);
    expect(other.sink.received).toEqual(['0', '6']);
    for (const subscription of [...subscriptions, other]) subscription.leave();
  });

  test('delivers the latest value to a later subscription', async () => {
    const { watch } = createHarness();
    const first = watch();
    await nextTurn();
    const second = watch();
    expect(second.sink.received).toEqual(['0']);
    first.leave();
    second.leave();
  });

  test('delivers only the latest value to a slow client', async () => {
    const { topic, watch } = createHarness();
    const slow = watch({ sink: new TestSink(1) });
    await nextTurn();
    for (topic.value = 1; topic.value <= 5; topic.value += 1) await pass(1);
    expect(slow.sink.received).toEqual(['0']);
    slow.sink.drain();
    expect(slow.sink.received).toEqual(['0', '5']);
    slow.leave();
    slow.sink.drain();
    await pass(2);
    expect(slow.sink.received).toEqual(['0', '5']);
  });

  test('is rendered again after a failure', async () => {
    const { troubles, watch } = createHarness();
    let fails = true;
    const render: Render<number> = async (value) => {
      if (fails) throw new Error('cannot');
      return Buffer.from(String(value));
    };
    const subscription = watch({ render });
    await nextTurn();
    expect(troubles.map(String)).toEqual(['Error: cannot']);
    fails = false;
    await pass(1);
    expect(subscription.sink.received).toEqual(['0']);
    subscription.leave();
  });

  test('stops reading and clears its timer after the last subscription has left', async () => {
    const { topic, watch } = createHarness();
    const subscriptions = [watch(), watch()];
    await nextTurn();
    expect(vi.getTimerCount()).toBe(1);
    for (const subscription of subscriptions) subscription.leave();
    expect(vi.getTimerCount()).toBe(0);
    const { reads } = topic;
    await pass(3);
    expect(topic.reads).toBe(reads);
    const again = watch();
    await nextTurn();
    expect(again.sink.received).toEqual(['0']);
    again.leave();
  });

  test('ends its subscriptions when the node shuts down, and refuses new ones', async () => {
    const { topics, watch } = createHarness();
    const subscription = watch();
    await nextTurn();
    topics.close();
    expect(subscription.refusals).toMatchObject([{ code: 'SERVICE_UNAVAILABLE' }]);
    expect(() => watch()).toThrow(expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }));
    subscription.leave();
    expect(vi.getTimerCount()).toBe(0);
  });
});
