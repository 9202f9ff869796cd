import type { Redis } from 'ioredis';
import type { Closeable } from '#domain/ports/feed.js';
import type { Servers } from '#redis/client/servers.js';

/** The fields of INFO by name, with their values as Redis reports them. */
export type RedisFields = ReadonlyMap<string, string>;

/** The latest INFO by the name of the server, which is empty if there is only one. Undefined if it did not answer. */
export type RedisInfos = ReadonlyMap<string, RedisFields | undefined>;

/** Reads INFO at intervals. `close` stops it and waits for a read in progress. */
export interface RedisInfoReader extends Closeable {
  start(): void;
  /** The last INFO of each server. One Redis has an entry even before its first reply. */
  readonly latest: RedisInfos;
}

/** Settings of `createInfoReader`. */
export interface RedisInfoOptions {
  servers: Servers;
  /** Milliseconds between two reads. */
  everyMs: number;
}

/** Reads INFO of each server in the background, so that a metrics scrape does not wait for Redis. */
export function createInfoReader({ servers, everyMs }: RedisInfoOptions): RedisInfoReader {
  let latest: RedisInfos = servers.isCluster ? new Map() : new Map([['', undefined]]);
  let timer: NodeJS.Timeout | undefined;
  let stopListening: (() => void) | undefined;
  let reading = Promise.resolve();

  async function readAll(): Promise<void> {
    const infos = new Map<string, RedisFields | undefined>(servers.away().map((name) => [name, undefined]));
    await Promise.all(
      servers.connected().map(async ({ name, redis }) => {
        // The connections report that a server is down.
        infos.set(name, await readInfo(redis).catch(() => undefined));
      }),
    );
    latest = infos;
  }

  function read(): void {
    reading = readAll();
  }

  return {
    get latest() {
      return latest;
    },
    start: () => {
      if (timer !== undefined) return;
      timer = setInterval(read, everyMs).unref();
      stopListening = servers.onConnected(read);
      read();
    },
    close: () => {
      clearInterval(timer);
      stopListening?.();
      return reading;
    },
  };
}

/**
 * Reads INFO once. `db0:keys=1,expires=0` also becomes
 * `db0.keys`, `db0.expires` and so on. Throws Redis errors.
 */
export async function readInfo(redis: Redis): Promise<RedisFields> {
  const fields = new Map<string, string>();
  for (const line of (await redis.info()).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1)];
    fields.set(name, value);
    if (!/^db\d+$/.test(name)) continue;
    for (const part of value.split(',')) {
      const [key = '', count = ''] = part.split('=');
      fields.set(`${name}.${key}`, count);
    }
  }
  return fields;
}
