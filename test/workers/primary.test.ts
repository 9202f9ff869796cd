/** The primary process, with workers that are played by the test. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FromPrimary, FromWorker } from '#workers/messages.js';
import { Primary, type PrimaryOptions } from '#workers/primary.js';
import type { Ending } from '#workers/worker-process.js';

/** A worker that does nothing by itself. */
class PlayedWorker {
  readonly heard: FromPrimary[] = [];
  readonly signals: NodeJS.Signals[] = [];
  end!: (ending: Ending) => void;
  readonly ended = new Promise<Ending>((resolve) => {
    this.end = resolve;
  });

  constructor(
    readonly number: number,
    readonly say: (message: FromWorker) => void,
  ) {}

  readonly pid = 1;

  send(message: FromPrimary): void {
    this.heard.push(message);
  }

  signal(signal: NodeJS.Signals): void {
    this.signals.push(signal);
    if (signal === 'SIGKILL') this.end({ code: null, signal });
  }
}

function open(options: Partial<PrimaryOptions> = {}) {
  const forked: PlayedWorker[] = [];
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const primary = new Primary({
    workers: 2,
    connectionsPerAddress: 0,
    unreadPerAddress: 0,
    shutdownMs: 1_000,
    fork: (number, say) => {
      const worker = new PlayedWorker(number, say);
      forked.push(worker);
      return worker;
    },
    log,
    ...options,
  });
  return { primary, forked, log };
}

/** A primary process whose workers all accept connections. */
async function running(options: Partial<PrimaryOptions> = {}) {
  const opened = open(options);
  const listening = opened.primary.listen();
  for (const worker of [...opened.forked]) worker.say({ type: 'ready', port: 4_000 });
  expect(await listening).toBe(4_000);
  return opened;
}

const killed = { code: null, signal: 'SIGKILL' };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a server with several workers', () => {
  test('listens once all of them do', async () => {
    const { primary, forked } = open();
    let port: number | undefined;
    void primary.listen().then((listening) => {
      port = listening;
    });
    expect(forked.map(({ number }) => number)).toEqual([1, 2]);
    forked[0]!.say({ type: 'ready', port: 4_000 });
    await vi.advanceTimersByTimeAsync(10);
    expect(port).toBeUndefined();
    forked[1]!.say({ type: 'ready', port: 4_000 });
    await vi.advanceTimersByTimeAsync(10);
    expect(port).toBe(4_000);
  });

  test.each<[string, FromWorker[], string]>([
    [
      'with its sentence, if a setting is wrong',
      [{ type: 'failed', sentence: 'PORT is taken.' }],
      'PORT is taken.',
    ],
    ['with its exit code, if it crashes', [], 'Worker 2 could not start (exit code 1).'],
  ])('does not start if one of them cannot, and ends %s', async (_what, said, sentence) => {
    const { primary, forked } = open();
    const listening = primary.listen();
    const refused = expect(listening).rejects.toThrow(sentence);
    for (const message of said) forked[1]!.say(message);
    forked[1]!.end({ code: 1, signal: null });
    await vi.advanceTimersByTimeAsync(10);
    expect(forked.map(({ signals }) => signals)).toEqual([['SIGTERM'], []]);
    forked[0]!.end({ code: 0, signal: null });
    await refused;
    expect(forked).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('replaces a worker that dies, under the same number', async () => {
    const { forked, log } = await running();
    forked[1]!.end(killed);
    await vi.advanceTimersByTimeAsync(10);
    expect(forked.map(({ number }) => number)).toEqual([1, 2, 2]);
    expect(log.error).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ worker: 2, signal: 'SIGKILL', afterMs: 0 }),
      'a worker died and is replaced',
    );
  });

  test('goes on if a replacement cannot start, and tries again later', async () => {
    const { forked, log } = await running();
    forked[1]!.end(killed);
    await vi.advanceTimersByTimeAsync(10);
    forked[2]!.say({ type: 'failed', sentence: 'TRUSTED_DOCUMENTS cannot be read.' });
    forked[2]!.end({ code: 1, signal: null });
    await vi.advanceTimersByTimeAsync(990);
    expect(forked).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(20);
    expect(forked).toHaveLength(4);
    expect(log.error).toHaveBeenLastCalledWith(
      expect.objectContaining({ reason: 'TRUSTED_DOCUMENTS cannot be read.' }),
      expect.anything(),
    );
  });

  test('kills and replaces a worker that hangs', async () => {
    const { forked } = await running();
    const answer = setInterval(() => forked[0]!.say({ type: 'pong' }), 1_000);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(forked.map(({ signals }) => signals)).toEqual([[], []]);
    await vi.advanceTimersByTimeAsync(5_000);
    clearInterval(answer);
    expect(forked.map(({ signals }) => signals)).toEqual([[], ['SIGKILL'], []]);
  });

  test('kills a replacement that hangs before it accepts connections, and replaces it again', async () => {
    const { forked } = await running();
    const answer = setInterval(() => forked[1]!.say({ type: 'pong' }), 1_000);
    await vi.advanceTimersByTimeAsync(11_000);
    forked[0]!.end(killed);
    await vi.advanceTimersByTimeAsync(36_000);
    clearInterval(answer);
    expect(forked.map(({ number, signals }) => [number, signals])).toEqual([
      [1, []],
      [2, []],
      [1, ['SIGKILL']],
      [1, []],
    ]);
  });

  test('forgets the connections of a worker that dies', async () => {
    const { forked } = await running({ connectionsPerAddress: 1 });
    const take = (worker: PlayedWorker) => {
      worker.say({ type: 'take', id: 1, address: 'a' });
      const answer = worker.heard.at(-1);
      return answer?.type === 'taken' && answer.admitted;
    };
    expect(forked.map(take)).toEqual([true, false]);
    forked[0]!.end(killed);
    await vi.advanceTimersByTimeAsync(10);
    expect(take(forked[1]!)).toBe(true);
  });

  test('asks the worker with most unread bytes to close connections', async () => {
    const { forked } = await running({ unreadPerAddress: 1_000 });
    forked[0]!.say({ type: 'unread', backlogs: [['a', 600]] });
    forked[1]!.say({ type: 'unread', backlogs: [['a', 500]] });
    expect(forked.map(({ heard }) => heard)).toEqual([[{ type: 'relieve', address: 'a', bytes: 400 }], []]);
  });

  test('tells the metrics of those that answer in time, and which do not', async () => {
    const { forked } = await running();
    forked[0]!.say({ type: 'scrape', id: 5 });
    const asked = forked[0]!.heard.at(-1);
    if (asked?.type !== 'measure') throw new Error('The worker was not asked.');
    forked[0]!.say({ type: 'measured', id: asked.id, text: '# TYPE up gauge\nup 1\n' });
    await vi.advanceTimersByTimeAsync(1_000);
    const answer = forked[0]!.heard.at(-1);
    expect(answer).toMatchObject({ type: 'scraped', id: 5 });
    const lines = answer?.type === 'scraped' ? answer.text.split('\n') : [];
    expect(lines).toEqual(
      expect.arrayContaining([
        'up{worker="1"} 1',
        'streamly_worker_up{worker="1"} 1',
        'streamly_worker_up{worker="2"} 0',
        'streamly_worker_restarts_total 0',
      ]),
    );
  });
});

describe('when it shuts down, a server with several workers', () => {
  test('forwards the first signal once and waits for all of them', async () => {
    const { primary, forked } = await running();
    let isClosed = false;
    void primary.close('SIGINT').then(() => {
      isClosed = true;
    });
    void primary.close('SIGTERM');
    expect(forked.map(({ signals }) => signals)).toEqual([['SIGINT'], ['SIGINT']]);
    forked[0]!.end({ code: 0, signal: null });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isClosed).toBe(false);
    forked[1]!.end({ code: 0, signal: null });
    await vi.advanceTimersByTimeAsync(10);
    expect(isClosed).toBe(true);
    expect(forked).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('kills those that do not end in time', async () => {
    const { primary, forked } = await running();
    const closed = primary.close('SIGTERM');
    await vi.advanceTimersByTimeAsync(8_000);
    await closed;
    expect(forked.map(({ signals }) => signals)).toEqual([
      ['SIGTERM', 'SIGKILL'],
      ['SIGTERM', 'SIGKILL'],
    ]);
  });

  test('does not wait for a replacement that is not due yet', async () => {
    const { primary, forked } = await running();
    for (const at of [1, 2]) {
      forked[at]!.end(killed);
      await vi.advanceTimersByTimeAsync(10);
    }
    const closed = primary.close('SIGTERM');
    forked[0]!.end({ code: 0, signal: null });
    await closed;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(forked).toHaveLength(3);
  });
});
