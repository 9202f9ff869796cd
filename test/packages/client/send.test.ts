import type { Client } from 'graphql-ws';
import { MessageTooLargeError, type SendError, type SendRetry, send, sendOnce } from 'streamly-chat-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startRedis } from '#test/support/redis-server.js';
import { startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import {
  newRoom,
  onTestEnd,
  plainClient,
  QUICK,
  Recorder,
  resumingOver,
  startProxy,
  stored,
  waitForEvent,
} from './fixture.js';
import { refusal } from './scripted-client.js';

const used = useServer();

describe('a message', () => {
  test('is returned as it was stored', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const room = newRoom();
    const message = await send(client, { roomId: room, content: ' hello ', author: 'Ada' });
    expect(message).toMatchObject({ roomId: room, content: 'hello', author: { name: 'Ada' } });
    expect(Date.parse(message.createdAt)).toBeGreaterThan(0);
    expect(await stored(used.redis, room)).toMatchObject([{ id: message.id }]);
    await until(() => proxy.open === 0, { what: 'the connection to close' });
  });

  test('is stored once if the answer is lost with the connection', async () => {
    const proxy = await startProxy(used.server);
    const client = plainClient(proxy, { lazy: false });
    onTestEnd(() => client.dispose());
    await new Promise<void>((resolve) => {
      client.on('connected', () => resolve());
    });
    proxy.loseReplies();
    const room = newRoom();
    const retries: SendRetry[] = [];
    const sending = send(
      client,
      { roomId: room, content: 'hello' },
      { ...QUICK, onRetry: (retry) => retries.push(retry) },
    );
    const first = await until(async () => (await stored(used.redis, room))[0], {
      what: 'the message to be stored',
    });
    proxy.cut();
    expect(await sending).toMatchObject({ id: first!.id });
    expect(retries).toHaveLength(1);
    expect(await stored(used.redis, room)).toHaveLength(1);
  });

  test('is stored once if the connection is silently dead', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy, { lazy: false, keepAlive: 50 }), {
      pongTimeoutMs: 50,
    });
    await until(() => proxy.accepted === 1, { what: 'a connection' });
    const room = newRoom();
    await send(client, { roomId: room, content: 'first' });
    proxy.stall();
    await send(client, { roomId: room, content: 'second' }, QUICK);
    expect(await stored(used.redis, room)).toMatchObject([{ content: 'first' }, { content: 'second' }]);
  });

  test('is stored and delivered once if Redis is killed and restarted', async () => {
    const redis = await startRedis({ appendonly: true });
    onTestEnd(() => redis.close());
    const server = await startServer({ redisUrl: redis.url, REDIS_TIMEOUT_MS: 200, HEAD_CHECK_MS: 100 });
    onTestEnd(() => server.close());
    const proxy = await startProxy(server);
    const { client, events } = resumingOver(plainClient(proxy));
    const recorder = new Recorder(client, { roomId: 'room' });
    await waitForEvent(events, 'live');
    await redis.kill();
    const retries: SendRetry[] = [];
    const sending = send(
      client,
      { roomId: 'room', content: 'hello' },
      { ...QUICK, onRetry: (retry) => retries.push(retry) },
    );
    await until(() => retries.length > 1, { what: 'failed attempts' });
    expect(retries[0]!.error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', outcome: 'unknown' });
    await redis.restart();
    const { id } = await sending;
    expect(await stored(redis, 'room')).toMatchObject([{ id }]);
    await until(() => recorder.received.length > 0, { what: 'the message' });
    expect(recorder.received).toMatchObject([{ id }]);
  });
});

/** The error that a send rejects with. */
const failure = (sending: Promise<unknown>) => sending.catch((error: unknown) => error as SendError);

describe('a failed send', () => {
  test('rejects with the code of the server if that refuses the message', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    expect(await failure(send(client, { roomId: newRoom(), content: '' }))).toMatchObject({
      name: 'SendError',
      code: 'BAD_USER_INPUT',
      outcome: 'refused',
      message: expect.stringContaining('must not be empty'),
    });
  });

  test('times out, and can be settled later with its nonce', async () => {
    const proxy = await startProxy(used.server);
    const client = plainClient(proxy, { lazy: false });
    onTestEnd(() => client.dispose());
    await new Promise<void>((resolve) => {
      client.on('connected', () => resolve());
    });
    proxy.loseReplies();
    const input = { roomId: newRoom(), content: 'hello' };
    const error = await failure(send(client, input, { ...QUICK, attemptTimeoutMs: 100, timeoutMs: 300 }));
    expect(error).toMatchObject({
      code: undefined,
      outcome: 'unknown',
      message: expect.stringContaining('in time'),
    });
    proxy.cut();
    const { nonce } = error as SendError;
    const message = await send(client, input, { nonce });
    expect(await stored(used.redis, input.roomId)).toMatchObject([{ id: message.id }]);
  });

  test.each([
    ['the resuming client', (plain: Client) => resumingOver(plain).client],
    ['a plain graphql-ws client', (plain: Client) => plain],
  ])('rejects before sending if the message is too large, with %s', async (_name, over) => {
    const proxy = await startProxy(used.server);
    const client = over(plainClient(proxy));
    const input = { roomId: newRoom(), content: 'x'.repeat(70_000) };
    expect(await failure(send(client, input))).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      outcome: 'refused',
      message: expect.stringMatching(
        /^The message is too large: 70\d\d\d bytes, but at most 65536 are accepted/,
      ),
      cause: expect.any(MessageTooLargeError),
    });
    expect(proxy.accepted).toBe(0);
  });

  test('counts bytes, not characters, against its limit', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy), { maxMessageBytes: 1_000 });
    const input = (content: string) => ({ roomId: newRoom(), content });
    expect(await failure(send(client, input('😀'.repeat(200))))).toMatchObject({ outcome: 'refused' });
    expect(await send(client, input('x'.repeat(200)))).toMatchObject({ content: 'x'.repeat(200) });
  });

  test('rejects every time if the limit of the server is lower, and loses the connection only once', async () => {
    const redis = await startRedis();
    onTestEnd(() => redis.close());
    const server = await startServer({ redisUrl: redis.url, MESSAGE_BYTES_LIMIT: 2_000 });
    onTestEnd(() => server.close());
    const proxy = await startProxy(server);
    const { client, events } = resumingOver(plainClient(proxy));
    const recorder = new Recorder(client, { roomId: 'room' });
    await waitForEvent(events, 'live');
    const large = { roomId: 'room', content: 'x'.repeat(3_000) };
    for (let times = 0; times < 3; times += 1) {
      expect(await failure(send(client, large, QUICK))).toMatchObject({
        code: 'MESSAGE_TOO_LARGE',
        outcome: 'refused',
      });
    }
    await waitForEvent(events, 'live', 2);
    await send(client, { roomId: 'room', content: 'small' }, QUICK);
    await until(() => recorder.contents.includes('small'), { what: 'the small message' });
    expect(recorder.error).toBeUndefined();
    expect(events.filter(({ type }) => type === 'reconnecting')).toHaveLength(1);
  });

  test('rejects with the reason of its signal', async () => {
    const proxy = await startProxy(used.server);
    proxy.refuse();
    const { client } = resumingOver(plainClient(proxy));
    const reason = new Error('The user left the page.');
    const controller = new AbortController();
    const options = { ...QUICK, signal: controller.signal, onRetry: () => controller.abort(reason) };
    expect(await failure(send(client, { roomId: newRoom(), content: 'hello' }, options))).toBe(reason);
  });
});

describe('sendOnce', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  /** An attempt that fails with each of the causes in turn, and then succeeds. */
  function failing(...causes: unknown[]) {
    const nonces: string[] = [];
    const attempt = async (nonce: string) => {
      nonces.push(nonce);
      if (causes.length > 0) throw causes.shift();
      return 'sent';
    };
    return { attempt, nonces };
  }
  const limited = (retryAfterMs: number) => refusal('RATE_LIMITED', { retryAfterMs }).errors;

  test('waits as long as the server says, with the same nonce', async () => {
    const { attempt, nonces } = failing(limited(5_000), limited(3_000));
    const retries: SendRetry[] = [];
    const sending = sendOnce(attempt, { retryBaseMs: 100, onRetry: (retry) => retries.push(retry) });
    await vi.runAllTimersAsync();
    expect(await sending).toBe('sent');
    expect(retries.map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
      [1, 5_100],
      [2, 3_200],
    ]);
    expect(nonces).toEqual([nonces[0], nonces[0], nonces[0]]);
    expect(nonces[0]).toMatch(/^[\w-]{32,64}$/);
  });

  test('does not wait beyond its timeout', async () => {
    const { attempt, nonces } = failing(limited(60_000));
    await expect(sendOnce(attempt, { timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 60_000,
      outcome: 'refused',
    });
    expect(nonces).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('never retries for longer than the server remembers a nonce', async () => {
    const { attempt } = failing(...Array.from({ length: 1_000 }, () => new Error('no network')));
    const startedAt = Date.now();
    const sending = sendOnce(attempt, { timeoutMs: Number.MAX_SAFE_INTEGER });
    sending.catch(() => undefined);
    await vi.runAllTimersAsync();
    await expect(sending).rejects.toMatchObject({ outcome: 'unknown', message: 'no network' });
    expect(Date.now() - startedAt).toBeLessThan(300_000);
  });

  test('does not retry if the computer slept for longer than the server remembers a nonce', async () => {
    const { attempt, nonces } = failing(new Error('no network'));
    const sending = sendOnce(attempt);
    sending.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    vi.setSystemTime(Date.now() + 600_000);
    await vi.runAllTimersAsync();
    await expect(sending).rejects.toMatchObject({ outcome: 'unknown', message: 'no network' });
    expect(nonces).toHaveLength(1);
  });

  test('reports an unknown outcome if the socket closed before the answer, for whatever reason', async () => {
    const { attempt, nonces } = failing({ code: 4401, reason: 'Unauthorized' });
    await expect(sendOnce(attempt)).rejects.toMatchObject({ code: undefined, outcome: 'unknown' });
    expect(nonces).toHaveLength(1);
  });

  test('retries only once after a close with 1009, because another message may have been too big', async () => {
    const tooBig = () => ({ code: 1009, reason: 'Message too big' });
    const once = failing(tooBig());
    const sending = sendOnce(once.attempt);
    await vi.runAllTimersAsync();
    expect(await sending).toBe('sent');

    const twice = failing(tooBig(), tooBig());
    const failed = failure(sendOnce(twice.attempt));
    await vi.runAllTimersAsync();
    expect(await failed).toMatchObject({ outcome: 'unknown' });
    expect(twice.nonces).toHaveLength(2);
  });

  test('reports an unknown outcome if an attempt before the refusal may have succeeded', async () => {
    const { attempt } = failing(new Error('no network'), refusal('FORBIDDEN').errors);
    const sending = sendOnce(attempt);
    sending.catch(() => undefined);
    await vi.runAllTimersAsync();
    await expect(sending).rejects.toMatchObject({ code: 'FORBIDDEN', outcome: 'unknown' });
  });

  test.each([
    ['Apollo Client', { errors: refusal('FORBIDDEN').errors }],
    ['urql', { graphQLErrors: refusal('FORBIDDEN').errors }],
    ['graphql-request', { response: refusal('FORBIDDEN') }],
  ])('reads the errors of %s', async (_library, cause) => {
    const { attempt, nonces } = failing(Object.assign(new Error('It failed.'), cause));
    await expect(sendOnce(attempt)).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'It failed.' });
    expect(nonces).toHaveLength(1);
  });

  test('makes a nonce on a page that was not loaded over HTTPS', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const { attempt, nonces } = failing();
    await sendOnce(attempt);
    vi.unstubAllGlobals();
    expect(nonces[0]).toMatch(/^[\da-f]{32}$/);
  });
});
