/** The server as a process: how it starts, what it prints, and how it exits. */
import { closeSync, openSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import { EventStream } from '#test/support/clients/event-stream.js';
import { paramsOf, post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { MessageAdded } from '#test/support/documents.js';
import { startRedis } from '#test/support/redis-server.js';
import { say } from '#test/support/say.js';
import {
  type RunningMain,
  runMain,
  type ServerProcess,
  spawnServer,
  untilReady,
} from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';

const used = useRedis();

const here = { PORT: 0, HOST: '127.0.0.1' };

describe('at startup, the server', () => {
  test.each([
    ['PORT', { PORT: 'http' }],
    ['REDIS_URL', { NODE_ENV: 'production' }],
  ])('exits with 1 and names %s on stderr if its value is invalid', async (name, variables) => {
    const main = runMain(variables);
    expect(await main.exited).toBe(1);
    expect(main.output.stderr).toMatch(new RegExp(`^${name}\\b.*$`, 'm'));
    expect(main.output.stderr).not.toMatch(/^\s+at /m);
    expect(main.output.stdout).toBe('');
  });

  test('exits with 1 and says what to set if REDIS_URL leads to a Sentinel', async () => {
    const sentinel = await startRedis({ plain: true, sentinel: 'sentinel monitor chat 127.0.0.1 1 1\n' });
    onTestFinished(() => sentinel.close());
    const main = runMain({ ...here, REDIS_URL: sentinel.url });
    expect(await main.exited).toBe(1);
    expect(main.output.stderr).toBe(
      'REDIS_URL leads to a Sentinel: set REDIS_SENTINELS and REDIS_SENTINEL_NAME instead of REDIS_URL.\n',
    );
  });

  test('exits with 1 and a sentence that names PORT if the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const main = runMain({ ...here, PORT: port, REDIS_URL: used.redis.url });
    expect(await main.exited).toBe(1);
    expect(main.output.stderr).toMatch(new RegExp(`^PORT ${port} is already in use .*\\.\\n$`));
  });

  test.each([
    ['one process', 1],
    ['several workers', 2],
  ])(
    'starts a Redis if none is named, for %s, prints its address, and stops it on exit',
    async (_, WORKERS) => {
      const main = runMain({ ...here, WORKERS });
      onTestFinished(() => main.signal('SIGKILL'));
      const port = await main.listening;
      const address = await until(() => /redis:\/\/127\.0\.0\.1:\d+/.exec(main.output.stdout)?.[0], {
        what: 'the address of its Redis',
      });
      const origin = `http://127.0.0.1:${port}`;
      const server = { origin, url: `${origin}/graphql`, wsUrl: '', close: async () => undefined };
      await say(server, 'room1', 'Hello');
      const own = new Redis(address!, { retryStrategy: () => null });
      expect(await own.llen('messages:room1')).toBe(1);

      main.signal('SIGTERM');
      expect(await main.exited).toBe(0);
      own.disconnect();
      await expect(own.connect()).rejects.toThrow();
    },
  );

  test('prints its address for people, and a JSON log for machines, if REDIS_URL is set', async () => {
    const server = await spawnServer({ redisUrl: used.redis.url, HOST: '0.0.0.0', NODE_ID: 'eu-1' });
    expect(server.output.stdout).toMatch(/^Streamly Chat {2}http:\/\/localhost:\d+\/graphql$/m);
    await server.close();
    const lines = server.output.stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('Streamly'));
    expect(lines.map((line) => JSON.parse(line).node)).toEqual(lines.map(() => 'eu-1'));
    expect(server.output.stderr).toBe('');
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('on %s', (signal) => {
  test('completes open operations, removes its connections from Redis and exits with 0', async () => {
    const nodeId = `ends-by-${signal}`;
    const server = await spawnServer({
      redisUrl: used.redis.url,
      NODE_ID: nodeId,
      SHUTDOWN_TIMEOUT_MS: 60_000,
    });
    const roomId = `room-${signal}`;
    const socket = await RawSocket.ready(server);
    socket.subscribe('a', paramsOf(MessageAdded, { roomId }));
    socket.subscribe('b', paramsOf(MessageAdded, { roomId, last: 5 }));
    const stream = await EventStream.open(server, paramsOf(MessageAdded, { roomId }));
    const idleSocket = await RawSocket.ready(server);
    const silentSocket = await RawSocket.open(server);
    const idle = await keepAlive(server);
    await until(async () => (await used.redis.cli('SCARD', `connections:${roomId}`)) === '2', {
      what: 'both subscriptions',
    });
    await say(server, roomId, 'the last words');
    expect(await socket.take(2)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'a', type: 'next' }),
        expect.objectContaining({ id: 'b', type: 'next' }),
      ]),
    );
    expect((await stream.nextResult()).data).toMatchObject({ messageAdded: { content: 'the last words' } });

    server.signal(signal);

    expect(await socket.take(2)).toEqual(
      expect.arrayContaining([
        { id: 'a', type: 'complete' },
        { id: 'b', type: 'complete' },
      ]),
    );
    for (const { closed } of [socket, idleSocket, silentSocket]) expect((await closed).code).toBe(1001);
    expect(await stream.next()).toEqual({ event: 'complete', data: '' });
    expect(await stream.next()).toBeUndefined();
    await idle.ended;

    expect(await server.exited).toBe(0);
    expect(await used.redis.cli('EXISTS', `connections:${roomId}`, `node:${nodeId}`)).toBe('0');
    expect(server.output.stderr).toBe('');
    expect(server.log.filter(({ level }) => level !== 'info')).toEqual([]);
  });
});

describe.concurrent('while it shuts down, the server', () => {
  test('ignores a second signal of any kind', async ({ expect }) => {
    const server = await spawnServer({ redisUrl: used.redis.url, NODE_ID: 'twice' });
    const sockets = await Promise.all(Array.from({ length: 50 }, () => RawSocket.ready(server)));
    for (const socket of sockets) socket.subscribe('1', paramsOf(MessageAdded, { roomId: 'twice' }));
    await until(async () => (await used.redis.cli('SCARD', 'connections:twice')) === '50', {
      what: 'all of them',
    });

    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT', 'SIGTERM'] as const) server.signal(signal);

    for (const socket of sockets) {
      expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
      expect((await socket.closed).code).toBe(1001);
    }
    expect(await server.exited).toBe(0);
    expect(await used.redis.cli('EXISTS', 'connections:twice', 'node:twice')).toBe('0');
  });

  test('does not wait for a client that keeps its side open', async ({ expect }) => {
    const server = await spawnServer({ redisUrl: used.redis.url });
    const socket = await RawSocket.ready(server);
    socket.tcp.pause();
    server.signal('SIGTERM');
    expect(await server.exited).toBe(0);
  });

  test('cuts off a request that does not end within SHUTDOWN_TIMEOUT_MS', async ({ expect }) => {
    const server = await spawnServer({ redisUrl: used.redis.url, SHUTDOWN_TIMEOUT_MS: 200 });
    const half = request(server.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': 100 },
    });
    const broken = new Promise((resolve) => half.once('error', resolve));
    half.write('{"query":');
    // The server has received the request when it answers another one that was sent later.
    await post(server, { query: '{ __typename }' });
    server.signal('SIGTERM');
    expect(await server.exited).toBe(0);
    await broken;
  });

  test('does not wait for Redis if it is down', async ({ expect, onTestFinished }) => {
    const own = await startRedis();
    onTestFinished(() => own.close());
    const server = await spawnServer({ redisUrl: own.url });
    await untilReady(server);
    const socket = await RawSocket.ready(server);
    socket.subscribe('1', paramsOf(MessageAdded, { roomId: 'room1' }));
    await until(async () => (await own.cli('SCARD', 'connections:room1')) === '1', {
      what: 'the subscription',
    });
    own.hang();
    server.signal('SIGTERM');
    expect((await socket.closed).code).toBe(1001);
    expect(await server.exited).toBe(0);
  });
});

describe.concurrent('if the log cannot be written, the server', () => {
  /** Causes enough log lines to fill any pipe, then stops the server. */
  async function chat(origin: string, main: RunningMain): Promise<number | null> {
    const url = `${origin}/graphql`;
    const server = { origin, url, wsUrl: '', close: async () => undefined };
    for (let turn = 0; turn < 20; turn += 1) {
      await Promise.all(Array.from({ length: 50 }, () => post(server, { query: '{ __typename }' })));
    }
    await say(server, 'room1', 'Hello');
    main.signal('SIGTERM');
    return main.exited;
  }
  const debug = { ...here, LOG_LEVEL: 'debug' };

  test('still serves the chat after the reader of stdout has stopped', async ({ expect }) => {
    const main = runMain({ ...debug, REDIS_URL: used.redis.url });
    const port = await main.listening;
    main.stopReading();
    expect(await chat(`http://127.0.0.1:${port}`, main)).toBe(0);
  });

  test.runIf(process.platform === 'linux')(
    'still serves the chat when the disk is full',
    async ({ expect }) => {
      const full = openSync('/dev/full', 'w');
      onTestFinished(() => closeSync(full));
      const port = await freePort();
      const main = runMain({ ...debug, PORT: port, REDIS_URL: used.redis.url }, { stdout: full });
      const origin = `http://127.0.0.1:${port}`;
      await until(
        () =>
          fetch(`${origin}/health/ready`).then(
            ({ ok }) => ok,
            () => false,
          ),
        {
          what: 'the server to be ready',
        },
      );
      expect(await chat(origin, main)).toBe(0);
    },
  );
});

/** A connection that has sent a request and is kept open. */
async function keepAlive(server: ServerProcess): Promise<{ ended: Promise<void> }> {
  const agent = new Agent({ keepAlive: true });
  const asked = request(`${server.origin}/health/live`, { agent }).end();
  const ended = new Promise<void>((resolve) => {
    asked.once('socket', (socket) => socket.once('close', () => resolve()));
  });
  await new Promise<void>((resolve) => {
    asked.once('response', (response) => response.resume().once('end', resolve));
  });
  return { ended };
}
