import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { PortTakenError, type ServerProcess, startServerProcess } from './redis-process.js';

/** Settings of `startEmbeddedRedis`. */
export interface EmbeddedRedisOptions {
  /** Where to look for the program, in the format of PATH. Defaults to the PATH of this process. */
  searchPath?: string;
  /** Milliseconds that the server may take to start. Defaults to 10,000. */
  timeoutMs?: number;
}

/** A running embedded Redis. */
export interface EmbeddedRedis {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  readonly pid: number;
  /** Kills the server, which loses its data, and waits until it has exited. Safe to call twice. */
  close(): Promise<void>;
}

/** Enough, because each try picks one of ten thousand ports. */
const TRIES = 5;

/**
 * Starts a private Redis for this process, on loopback and without persistence. It ends with `close()`, or
 * when this process ends for any reason.
 * @throws {Error} if redis-server and valkey-server are missing (the message says what to install), or if the
 *   server does not start (the message contains the end of its log)
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions = {}): Promise<EmbeddedRedis> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const dir = await mkdtemp(join(tmpdir(), 'streamly-redis-'));
    try {
      const server = await startServerProcess({ ...options, port, dir });
      return asEmbedded(server, port, dir);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      // Another process took the port after we had found it free. Try a different one.
      if (attempt < TRIES && error instanceof PortTakenError) continue;
      throw error;
    }
  }
}

function asEmbedded(server: ServerProcess, port: number, dir: string): EmbeddedRedis {
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: server.pid,
    async close() {
      await server.end();
      // `end` removes it too, unless the server had already died.
      await rm(dir, { recursive: true, force: true });
    },
  };
}
