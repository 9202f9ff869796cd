import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isNoScript } from './errors.js';

/** Runs a script; gives what it returns. Throws what Redis, or the way to it, gives as an error. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/**
 * Reads a script from `scripts/` and gives the function that runs it by its digest. Redis is given the
 * text only where it does not know it: at first, after a restart, after SCRIPT FLUSH. The commands are
 * plain ones, so that they share the pipeline of everything else, and so that a Cluster finds their slot
 * by the keys. A script that Redis does not know was not run, so it is never run twice.
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
