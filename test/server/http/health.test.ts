/** Liveness means that the process answers. Readiness means that it can serve, and recovers with Redis. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { webSocket } from '#test/support/clients/transports.js';
import { MessageAdded } from '#test/support/documents.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { say } from '#test/support/say.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';

async function ask(server: TestServer, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.origin + path);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return { status: response.status, body: await response.json() };
}
const live = (server: TestServer) => ask(server, '/health/live');
const ready = (server: TestServer) => ask(server, '/health/ready');

const READY = { status: 200, body: { status: 'ready' } };
const WAITING = { status: 503, body: { status: 'waiting', for: 'redis', reason: 'Redis does not answer.' } };
const LIVE = { status: 200, body: { status: 'live' } };

async function untilReady(server: TestServer) {
  return until(
    async () => {
      const answer = await ready(server);
      return answer.status === 200 && answer;
    },
    { what: 'the server to be ready' },
  );
}

async function startBoth(): Promise<{ redis: RedisServer; server: TestServer }> {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  return { redis, server: await start(redis) };
}

async function start(redis: RedisServer): Promise<TestServer> {
  const server = await startServer({ redisUrl: redis.url, REDIS_TIMEOUT_MS: 500 });
  onTestFinished(() => server.close());
  return server;
}

describe('a node', () => {
  test('is live and ready while Redis answers', async () => {
    const { server } = await startBoth();
    expect(await live(server)).toEqual(LIVE);
    expect(await untilReady(server)).toEqual(READY);
  });

  test('is live but not ready while Redis hangs, and ready again afterwards', async () => {
    const { redis, server } = await startBoth();
    redis.hang();
    expect(await ready(server)).toEqual(WAITING);
    expect(await live(server)).toEqual(LIVE);

    redis.resume();
    await untilReady(server);
  });

  test('is live but not ready while Redis is down, and ready again afterwards', async () => {
    const { redis, server } = await startBoth();
    await redis.kill();
    expect(await ready(server)).toEqual(WAITING);
    expect(await live(server)).toEqual(LIVE);

    await redis.restart();
    await untilReady(server);
  });

  test('starts without Redis, and is ready once Redis answers', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    await redis.stop();
    const server = await start(redis);
    expect(await live(server)).toEqual(LIVE);
    expect(await ready(server)).toEqual(WAITING);

    await redis.restart();
    await untilReady(server);
    const following = await webSocket.follow(server, MessageAdded, { roomId: 'room1' });
    await say(server, 'room1', 'Hello');
    expect((await following.next()).messageAdded.content).toBe('Hello');
  });
});

describe('health', () => {
  test('answers HEAD and every other method alike', async () => {
    const { server } = await startBoth();
    await untilReady(server);
    for (const path of ['/health/live', '/health/ready']) {
      const response = await fetch(server.origin + path, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
      expect((await fetch(`${server.origin}${path}?probe=1`)).status).toBe(200);
    }
    expect((await fetch(`${server.origin}/health`)).status).toBe(404);
  });
});
