import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { PortTakenError, type ServerProcess, startServerProcess } from './redis-process.js';

export interface EmbeddedRedisOptions {
  /** Where to look for the program, in the form of PATH; the PATH of this process where not given. */
  searchPath?: string;
  /** How long the server may take until it answers, in milliseconds; 10,000 where not given. */
  timeoutMs?: number;
}

export interface EmbeddedRedis {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  readonly pid: number;
  /** Ends the server, and with it all that it holds; waits until it is gone. May be called twice. */
  close(): Promise<void>;
}

/** More than enough: each try picks one of ten thousand ports. */
const TRIES = 5;

/**
 * Starts a private Redis for a single process: on loopback, with nothing on disk. It ends with `close()`,
 * or with this process, however that ends.
 * @throws {Error} where there is no redis-server or valkey-server (the message says what to install), and
 *   where the server does not come up (the message holds the last lines of its log)
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions = {}): Promise<EmbeddedRedis> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const dir = await mkdtemp(join(tmpdir(), 'streamly-redis-'));
    try {
      const server = await startServerProcess({ ...options, port, dir });
      return embed(server, port, dir);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      // Another process took the port between our look and the server's: look for another.
      if (attempt < TRIES && error instanceof PortTakenError) continue;
      throw error;
    }
  }
}

function embed(server: ServerProcess, port: number, dir: string): EmbeddedRedis {
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: server.pid,
    async close() {
      await server.end();
      // The server's end removes it too, but not where the server had died before.
      await rm(dir, { recursive: true, force: true });
    },
  };
}
