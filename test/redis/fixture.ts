import { inspect } from 'node:util';
import type { Draft, Message } from '#domain/message.js';
import { type ConnectOptions, connectRedis, type RedisConnections } from '#redis/client/connections.js';
import { oneServer } from '#redis/client/one-server.js';
import type { Servers } from '#redis/client/servers.js';
import { type RedisServer, type StartRedisOptions, startRedis } from '#test/support/redis-server.js';

/** A node's connections, and the servers behind them as its modules see them. */
export interface TestNode extends RedisConnections {
  servers: Servers;
}

/** A Redis server for a test or a file, and the connections to it. */
export interface Fixture {
  server: RedisServer;
  /** The calls of the hooks as text, such as `onError presence Error: ...`. */
  reported: string[];
  hooks: Required<NonNullable<ConnectOptions['hooks']>>;
  /** A node's connections, ready to use. */
  connect(options?: Partial<ConnectOptions>): Promise<TestNode>;
  /** Closes a part together with the fixture, before its connections. Returns the part. */
  use<T extends { close(): Promise<void> }>(part: T): T;
  close(): Promise<void>;
}

export async function startFixture(options?: StartRedisOptions): Promise<Fixture> {
  const server = await startRedis(options);
  const reported: string[] = [];
  const parts: { close(): Promise<void> }[] = [];
  const use = <T extends { close(): Promise<void> }>(part: T): T => {
    parts.unshift(part);
    return part;
  };
  const hooks = {
    onError: (where: string, error: unknown) => void reported.push(`onError ${where} ${error}`),
    onMalformed: (where: string, roomId: string) => void reported.push(`onMalformed ${where} ${roomId}`),
    onReconnected: () => undefined,
    onHistoryRead: () => undefined,
  };
  return {
    server,
    reported,
    hooks,
    use,
    async connect(more = {}) {
      const connections = use(connectRedis({ url: server.testerUrl, hooks, ...more }));
      if (!(await connections.ready(5_000))) throw new Error(`Not connected: ${inspect(reported)}`);
      return { ...connections, servers: oneServer(connections) };
    },
    async close() {
      server.resume();
      for (const part of parts) await part.close();
      await server.close();
    },
  };
}

export function draft(content: string, more: Partial<Draft> = {}): Draft {
  return { roomId: 'room1', author: { id: 'guest:Ann', name: 'Ann' }, content, ...more };
}

/** A message in the format of the append script. */
export function stored(id: string, prev: string, more: Partial<Message> = {}): string {
  return JSON.stringify({
    id,
    prev,
    roomId: 'room1',
    author: { id: 'guest:Ann', name: 'Ann' },
    content: id,
    ...more,
  });
}
