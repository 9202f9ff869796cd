import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isNoScript } from './errors.js';

/** Runs a script and returns its result. Throws Redis and connection errors unchanged. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** The folder redis/, in src/ and in dist/ alike. */
const REDIS_FOLDER = new URL('../', import.meta.url);

/** A line that includes another file, relative to its own: `-- @include "includes/entry"`. */
const INCLUDE = /^-- @include "([^"]+)"$/gm;

/**
 * Reads a script by its path in src/redis and returns a function that runs it by
 * its digest. The file name ends in the number of keys, as in `append-7.lua`,
 * and each include is inserted once. (Both conventions come from BullMQ.)
 *
 * The text is sent only if Redis does not know the script: the first time, after a restart, or after SCRIPT
 * FLUSH. EVALSHA and EVAL are plain commands, so they join the pipeline, and a Cluster routes them by their
 * keys. Redis never runs a script that it does not know, so retrying with the text cannot run it twice.
 */
export function loadScript(commands: Redis, path: string): Script {
  const lua = readWithIncludes(new URL(path, REDIS_FOLDER), new Set());
  const digest = createHash('sha1').update(lua).digest('hex');
  const keyCount = Number(/-(\d+)\.lua$/.exec(path)?.[1]);
  if (Number.isNaN(keyCount)) throw new Error(`The name of ${path} must end in its number of keys`);
  return async (keys, args) => {
    if (keys.length !== keyCount) throw new Error(`${path} takes ${keyCount} keys, got ${keys.length}`);
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
