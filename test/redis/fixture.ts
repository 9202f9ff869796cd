import { inspect } from 'node:util';
import type { Draft, Message } from '#domain/message.js';
import { type ConnectOptions, connectRedis, type RedisConnections } from '#redis/client/connections.js';
import { type RedisServer, type StartRedisOptions, startRedis } from '#test/support/redis-server.js';

/** A server of one test or file, and whatever was connected to it. */
export interface Fixture {
  server: RedisServer;
  /** What the hooks were told, as text: `onError presence Error: ...`. */
  told: string[];
  hooks: Required<NonNullable<ConnectOptions['hooks']>>;
  /** A node's connections, ready to use. */
  connect(options?: Partial<ConnectOptions>): Promise<RedisConnections>;
  /** To be ended with the fixture, before its connections are. */
  ends<T extends { close(): Promise<void> }>(part: T): T;
  close(): Promise<void>;
}

export async function startFixture(options?: StartRedisOptions): Promise<Fixture> {
  const server = await startRedis(options);
  const told: string[] = [];
  const parts: { close(): Promise<void> }[] = [];
  const ends = <T extends { close(): Promise<void> }>(part: T): T => {
    parts.unshift(part);
    return part;
  };
  const hooks = {
    onError: (where: string, error: unknown) => void told.push(`onError ${where} ${error}`),
    onMalformed: (where: string, roomId: string) => void told.push(`onMalformed ${where} ${roomId}`),
    onReconnected: () => undefined,
  };
  return {
    server,
    told,
    hooks,
    ends,
    async connect(more = {}) {
      const connections = ends(connectRedis({ url: server.testerUrl, hooks, ...more }));
      if (!(await connections.ready(5_000))) throw new Error(`Not connected: ${inspect(told)}`);
      return connections;
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

/** A message as the write script stores it. */
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
