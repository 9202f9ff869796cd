import { afterAll, beforeAll } from 'vitest';
import { type RedisServer, type StartRedisOptions, startRedis } from './redis-server.js';
import { startServer, type TestServer } from './server.js';

/** A Redis server for the tests of one file or one `describe`. */
export interface UsedRedis {
  readonly redis: RedisServer;
}

/** A Redis server and a node for the tests of one file or one `describe`. */
export interface Used extends UsedRedis {
  readonly server: TestServer;
}

/**
 * Starts a Redis server before the surrounding tests and ends it after them. Pass a function if the options
 * depend on an earlier `beforeAll`.
 */
export function useRedis(options: StartRedisOptions | (() => StartRedisOptions) = {}): UsedRedis {
  let redis: RedisServer | undefined;
  beforeAll(async () => {
    redis = await startRedis(typeof options === 'function' ? options() : options);
  });
  afterAll(() => redis?.close());
  return {
    get redis() {
      return redis!;
    },
  };
}

/** Starts a Redis server and a node before the surrounding tests and ends them after. */
export function useServer(variables: Record<string, string | number> = {}): Used {
  const used = useRedis();
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await startServer({ redisUrl: used.redis.url, ...variables });
  });
  afterAll(() => server?.close());
  return {
    get redis() {
      return used.redis;
    },
    get server() {
      return server!;
    },
  };
}
