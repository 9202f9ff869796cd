import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { configFromEnv } from '#config/config.js';
import { WorkerMachine } from '#workers/machine.js';
import type { FromPrimary, FromWorker } from '#workers/messages.js';

/** A worker whose primary process is this test. */
function open(variables: Record<string, string> = {}) {
  const said: FromWorker[] = [];
  let hear: (message: FromPrimary) => void = () => undefined;
  const channel = {
    send: (message: FromWorker) => void said.push(message),
    listen: (listener: (message: FromPrimary) => void) => {
      hear = listener;
    },
  };
  const machine = new WorkerMachine(channel, configFromEnv({ WORKERS: '2', ...variables }));
  return { machine, said, tell: (message: FromPrimary) => hear(message) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a connection on a worker', () => {
  const limited = { CONNECTIONS_PER_ADDRESS: '5' };

  test('counts until it is released, which may happen twice', async () => {
    const { machine, said, tell } = open(limited);
    const taken = machine.connections!.take('a');
    expect(said).toEqual([{ type: 'take', id: 1, address: 'a' }]);
    tell({ type: 'taken', id: 1, address: 'a', admitted: true });
    const release = (await taken) as () => void;
    release();
    release();
    expect(said.slice(1)).toEqual([{ type: 'give', address: 'a' }]);
  });

  test('is refused if its address has too many', async () => {
    const { machine, tell } = open(limited);
    const taken = machine.connections!.take('a');
    tell({ type: 'taken', id: 1, address: 'a', admitted: false });
    expect(await taken).toBe('full');
  });

  test('is refused if it cannot be counted in time, and does not count if the answer comes later', async () => {
    const { machine, said, tell } = open(limited);
    const taken = machine.connections!.take('a');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await taken).toBe('unknown');
    tell({ type: 'taken', id: 1, address: 'a', admitted: true });
    expect(said.slice(1)).toEqual([{ type: 'give', address: 'a' }]);
  });

  test('costs no message if addresses are not limited', () => {
    expect(open().machine.connections).toBeUndefined();
  });
});

describe('what clients have not read', () => {
  test('is reported only while it is much, and once more when it is not', async () => {
    const { machine, said, tell } = open({ UNREAD_BYTES_PER_ADDRESS: '1000' });
    let backlogs: [string, number][] = [];
    const relieve = vi.fn();
    machine.watchUnread({ atLeast: (bytes) => backlogs.filter(([, unread]) => unread >= bytes), relieve });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(said).toEqual([]);
    backlogs = [
      ['a', 50],
      ['b', 49],
    ];
    await vi.advanceTimersByTimeAsync(100);
    backlogs = [];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(said).toEqual([
      { type: 'unread', backlogs: [['a', 50]] },
      { type: 'unread', backlogs: [] },
    ]);
    tell({ type: 'relieve', address: 'a', bytes: 10 });
    expect(relieve).toHaveBeenCalledExactlyOnceWith('a', 10);
    machine.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the metrics of all workers', () => {
  test('come from the primary process', async () => {
    const { machine, said, tell } = open();
    const metrics = machine.metrics();
    expect(said).toEqual([{ type: 'scrape', id: 1 }]);
    tell({ type: 'scraped', id: 1, text: 'all' });
    expect(await metrics).toBe('all');
  });

  test('are refused if the primary process takes too long', async () => {
    const metrics = open().machine.metrics();
    const refused = expect(metrics).rejects.toThrow('in time');
    await vi.advanceTimersByTimeAsync(3_000);
    await refused;
  });

  test('include its own, unless they cannot be read', async () => {
    const { machine, said, tell } = open();
    machine.offerMetrics(() => Promise.resolve('own'));
    tell({ type: 'measure', id: 7 });
    await vi.advanceTimersByTimeAsync(0);
    expect(said).toEqual([{ type: 'measured', id: 7, text: 'own' }]);
    machine.offerMetrics(() => Promise.reject(new Error('closed')));
    tell({ type: 'measure', id: 8 });
    await vi.advanceTimersByTimeAsync(0);
    expect(said).toHaveLength(1);
  });
});

test('a worker answers pings, so that it is not taken for hanging', () => {
  const { said, tell } = open();
  tell({ type: 'ping' });
  expect(said).toEqual([{ type: 'pong' }]);
});
