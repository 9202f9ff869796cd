import type { Redis } from 'ioredis';
import type { Closeable } from '#domain/ports/feed.js';

/** The fields of INFO by name, with their values as Redis reports them. */
export type RedisFields = ReadonlyMap<string, string>;

/** Reads INFO at intervals. `close` stops it and waits for a read in progress. */
export interface RedisInfoReader extends Closeable {
  start(): void;
  /** The fields of the last INFO. Undefined before the first reply, and if the last read failed. */
  readonly latest: RedisFields | undefined;
}

/** Settings of `createInfoReader`. */
export interface RedisInfoOptions {
  commands: Redis;
  /** Milliseconds between two reads. */
  everyMs: number;
}

/** Reads INFO in the background, so that a metrics scrape does not wait for Redis. */
export function createInfoReader({ commands, everyMs }: RedisInfoOptions): RedisInfoReader {
  let latest: RedisFields | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading = Promise.resolve();

  function read(): void {
    reading = readInfo(commands).then(
      (fields) => {
        latest = fields;
      },
      () => {
        // The connections report that Redis is down.
        latest = undefined;
      },
    );
  }

  return {
    get latest() {
      return latest;
    },
    start: () => {
      if (timer !== undefined) return;
      timer = setInterval(read, everyMs).unref();
      read();
      commands.once('ready', read);
    },
    close: () => {
      clearInterval(timer);
      commands.off('ready', read);
      return reading;
    },
  };
}

/**
 * Reads INFO once. `db0:keys=1,expires=0` also becomes
 * `db0.keys`, `db0.expires` and so on. Throws Redis errors.
 */
export async function readInfo(commands: Redis): Promise<RedisFields> {
  const fields = new Map<string, string>();
  for (const line of (await commands.info()).split('\r\n')) {
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
