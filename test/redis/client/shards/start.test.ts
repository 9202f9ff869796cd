/** A server as a process, with settings that do not suit the Redis that they lead to. */
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '#dev/redis-process.js';
import { startRedis } from '#test/support/redis-server.js';
import { runMain, spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';

const here = { PORT: 0, HOST: '127.0.0.1' };

test.each([
  {
    what: 'a Cluster in REDIS_URL',
    args: ['--cluster-enabled', 'yes'],
    variables: (port: number) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }),
    sentence: /^REDIS_URL leads to a Redis in cluster mode: set REDIS_CLUSTER_NODES .*\.$/m,
  },
  {
    what: 'a single Redis in REDIS_CLUSTER_NODES',
    args: [],
    variables: (port: number) => ({ REDIS_CLUSTER_NODES: `127.0.0.1:${port}` }),
    sentence:
      /^REDIS_CLUSTER_NODES names 127\.0\.0\.1:\d+, which is not in cluster mode: set REDIS_URL .*\.$/m,
  },
])(
  '$what ends the server at the start, with a sentence that says what to set',
  async ({ args, variables, sentence }) => {
    const redis = await startRedis({ plain: true, args });
    onTestFinished(() => redis.close());
    const main = runMain({ ...here, ...variables(redis.port) });
    expect(await main.exited).toBe(1);
    expect(main.output.stderr).toMatch(sentence);
    expect(main.output.stderr.trim().split('\n')).toHaveLength(1);
    expect(main.output.stdout).not.toContain('/graphql');
  },
);

test('a list of nodes of which none answers keeps the server waiting, and /health/ready says which', async () => {
  const port = await freePort();
  const server = await spawnServer({
    redisUrl: undefined,
    REDIS_CLUSTER_NODES: `127.0.0.1:${port}`,
    REDIS_TIMEOUT_MS: 500,
  });
  onTestFinished(() => server.close());
  const ready = async () => {
    const response = await fetch(`${server.origin}/health/ready`);
    return { status: response.status, body: (await response.json()) as { reason: string } };
  };
  await until(async () => (await ready()).body.reason.includes('ECONNREFUSED'), { what: 'the reason' });
  expect(await ready()).toEqual({
    status: 503,
    body: {
      status: 'waiting',
      for: 'redis',
      reason: `None of REDIS_CLUSTER_NODES answers (127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}).`,
    },
  });
});
