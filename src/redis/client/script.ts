import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isNoScript } from './errors.js';

/** Runs a script and returns its result. Throws Redis and connection errors unchanged. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** The same place in src/ and in dist/. */
const REDIS_FOLDER = new URL('../', import.meta.url);

/** A line that stands for another file: `-- @include "includes/entry"`, relative to the file it stands in. */
const INCLUDE = /^-- @include "([^"]+)"$/gm;

/**
 * Reads a script, by its path in src/redis, and returns the function that runs it by its digest. Its file name
 * ends in how many keys it takes, as in `append-6.lua`; its includes are put in place, each once. (Both are
 * conventions of BullMQ.)
 *
 * Redis is given the text only if it does not know it: at first, after a restart, after SCRIPT FLUSH. The
 * commands are plain ones, so that they share the pipeline of everything else, and so that a Cluster finds
 * their slot by the keys. A script that Redis does not know was not run, so it is never run twice.
 */
export function loadScript(commands: Redis, path: string): Script {
  const lua = readWithIncludes(new URL(path, REDIS_FOLDER), new Set());
  const digest = createHash('sha1').update(lua).digest('hex');
  const keyCount = Number(/-(\d+)\.lua$/.exec(path)?.[1]);
  if (Number.isNaN(keyCount)) throw new Error(`${path} must end in its number of keys`);
  return async (keys, args) => {
    if (keys.length !== keyCount) throw new Error(`${path} was given ${keys.length} keys`);
    try {
      return await commands.evalsha(digest, keyCount, ...keys, ...args);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      return await commands.eval(lua, keyCount, ...keys, ...args);
    }
  };
}

function readWithIncludes(file: URL, included: Set<string>): string {
  included.add(file.href);
  return readFileSync(file, 'utf8').replace(INCLUDE, (_line, include: string) => {
    const target = new URL(`${include}.lua`, file);
    return included.has(target.href) ? '' : readWithIncludes(target, included);
  });
}
