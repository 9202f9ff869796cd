import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogReader } from '#fanout/log/tail.js';
import { Meter } from '#fanout/meter.js';
import { FrameBudget, FrameCache } from '#fanout/projection/frame-cache.js';
import { Projection } from '#fanout/projection/projection.js';
import { turns } from '#test/fanout/fixture.js';

const KB = 1_024;
const frame = (kilobytes: number) => Buffer.alloc(kilobytes * KB);

describe('a frame cache', () => {
  test('holds the newest frames up to its capacity, and counts their bytes', () => {
    const budget = new FrameBudget(1_000 * KB);
    const cache = new FrameCache(3, budget);
    for (let position = 0; position < 5; position += 1) cache.set(position, frame(position + 1));
    expect([0, 1, 2, 3, 4].map((position) => (cache.get(position) as Buffer | undefined)?.length)).toEqual([
      undefined,
      undefined,
      3 * KB,
      4 * KB,
      5 * KB,
    ]);
    expect(budget.bytes).toBe(12 * KB);
    cache.clear();
    expect([budget.bytes, cache.get(4)]).toEqual([0, undefined]);
  });

  test('evicts its oldest frames if the budget is exceeded, but keeps a guaranteed amount', () => {
    const budget = new FrameBudget(200 * KB);
    const [one, other] = [new FrameCache(100, budget), new FrameCache(100, budget)];
    for (let position = 0; position < 20; position += 1) one.set(position, frame(10));
    expect(budget.bytes).toBe(200 * KB);
    for (let position = 0; position < 20; position += 1) other.set(position, frame(10));
    // The first cache holds the rest of the budget until its next frame, so the second has only its
    // guarantee.
    expect(other.get(19)).toBeDefined();
    expect(other.get(0)).toBeUndefined();
    one.set(20, frame(10));
    expect(one.get(20)).toBeDefined();
    expect(budget.bytes).toBeLessThanOrEqual(200 * KB + 2 * 64 * KB);
  });

  test('always counts exactly the bytes that it holds', () => {
    const step = fc.record({ position: fc.nat(40), kilobytes: fc.nat(80), pending: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const budget = new FrameBudget(300 * KB);
        const cache = new FrameCache(16, budget);
        for (const { position, kilobytes, pending } of steps) {
          cache.set(position, pending ? Promise.resolve(frame(kilobytes)) : frame(kilobytes));
        }
        let held = 0;
        for (let position = 0; position <= 40; position += 1) {
          const payload = cache.get(position);
          if (payload !== undefined) held += Buffer.isBuffer(payload) ? payload.length : KB;
        }
        expect(budget.bytes).toBe(held);
      }),
      { numRuns: 300 },
    );
  });
});

test('a projection frees its frames when its last receiver leaves, despite a scheduled flush', async () => {
  const budget = new FrameBudget(1_000 * KB);
  const messages: { id: string }[] = [];
  const log = {
    start: 0,
    get end() {
      return messages.length;
    },
    at: (position: number) => messages[position],
  };
  const fail = (error: unknown) => expect.unreachable(String(error));
  const projection = new Projection({
    delivers: 'messages',
    log: log as unknown as LogReader,
    capacity: 16,
    budget,
    render: () => frame(1),
    meter: new Meter(),
    onEmpty: () => undefined,
    pageAfter: () => expect.unreachable('nothing is behind'),
    onFault: fail,
  });
  const receiver = { pump: () => undefined, refuse: () => undefined };
  projection.add(receiver);
  messages.push({ id: '1-0' });
  projection.schedule();
  await turns();
  expect(budget.bytes).toBe(KB);
  messages.push({ id: '2-0' });
  projection.schedule();
  projection.remove(receiver);
  await turns();
  expect(budget.bytes).toBe(0);
});
