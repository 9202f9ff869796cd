import { afterAll, beforeAll } from 'vitest';
import { type RedisServer, startRedis } from './redis-server.js';
import { startServer, type TestServer } from './server.js';

/** A Redis and a node of the chat, there while the tests of one file or one `describe` run. */
export interface Used {
  readonly redis: RedisServer;
  readonly server: TestServer;
}

/** Starts them before the tests around it, and ends them after. */
export function useServer(variables: Record<string, string | number> = {}): Used {
  let redis: RedisServer | undefined;
  let server: TestServer | undefined;
  beforeAll(async () => {
    redis = await startRedis();
    server = await startServer({ redisUrl: redis.url, ...variables });
  });
  afterAll(async () => {
    await server?.close();
    await redis?.close();
  });
  return {
    get redis() {
      return redis!;
    },
    get server() {
      return server!;
    },
  };
}
