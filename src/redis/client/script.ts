import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isNoScript } from './errors.js';

/** Runs a script and returns its result. Throws Redis and connection errors unchanged. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/**
 * Reads a Lua file and returns the function that runs it by its digest. The source is sent only if Redis does
 * not know it: the first time, after a restart, and after SCRIPT FLUSH. Plain commands (rather than ioredis'
 * `defineCommand`) share the pipeline with everything else, and let a Cluster client find the slot by the
 * keys. NOSCRIPT means that nothing ran, so the fallback never runs a script twice.
 */
export function loadScript(commands: Redis, file: URL): Script {
  const lua = readFileSync(file, 'utf8');
  const digest = createHash('sha1').update(lua).digest('hex');
  return async (keys, args) => {
    try {
      return await commands.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      return await commands.eval(lua, keys.length, ...keys, ...args);
    }
  };
}
