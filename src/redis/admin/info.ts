import type { Redis } from 'ioredis';
import type { Closeable } from '#domain/ports/event-log.js';

/** What Redis tells of itself, field by field, as it gives it. */
export type RedisFields = ReadonlyMap<string, string>;

/** The newest that Redis has told. */
export interface RedisInfoReader extends Closeable {
  start(): void;
  /** Undefined before the first answer, and where the last question had none. */
  readonly latest: RedisFields | undefined;
}

export interface RedisInfoOptions {
  commands: Redis;
  everyMs: number;
}

/** Asks INFO at intervals, so that whoever looks at the measures does not wait for Redis. */
export function createInfoReader({ commands, everyMs }: RedisInfoOptions): RedisInfoReader {
  let latest: RedisFields | undefined;
  let timer: NodeJS.Timeout | undefined;
  let asking = Promise.resolve();

  function ask(): void {
    asking = readInfo(commands).then(
      (fields) => {
        latest = fields;
      },
      () => {
        // That Redis is away is said by its connections; here it shows as nothing known.
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
      timer = setInterval(ask, everyMs).unref();
      ask();
      commands.once('ready', ask);
    },
    close: () => {
      clearInterval(timer);
      commands.off('ready', ask);
      return asking;
    },
  };
}

/** One INFO as a map; `db0` is taken apart into `db0.keys`, `db0.expires` and so on. */
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
