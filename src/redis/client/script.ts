import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Commands } from './commands.js';
import { isNoScript } from './errors.js';

type Runner = Pick<Commands, 'eval' | 'evalsha'>;

/** Runs a script and returns its result. Throws Redis and connection errors unchanged. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** Runs a script on a connection that is chosen for each call. */
export type UnboundScript = (on: Runner, ...call: Parameters<Script>) => Promise<unknown>;

/** The folder redis/, in src/ and in dist/ alike. */
const REDIS_FOLDER = new URL('../', import.meta.url);

/** A line that includes another file, relative to its own: `-- @include "includes/entry"`. */
const INCLUDE = /^-- @include "([^"]+)"$/gm;

/**
 * Reads a script by its path in src/redis and returns a function that runs it by
 * its digest. The file name ends in the number of keys, as in `append-7.lua`, or in
 * `n` if that varies, and each include is inserted once. (Both conventions come from BullMQ.)
 *
 * The text is sent only if Redis does not know the script: the first time, after a restart, or after SCRIPT
 * FLUSH. EVALSHA and EVAL are plain commands, so they join the pipeline, and a Cluster routes them by their
 * keys. Redis never runs a script that it does not know, so retrying with the text cannot run it twice.
 */
export function loadScript(commands: Runner, path: string): Script {
  const run = readScript(path);
  return (keys, args) => run(commands, keys, args);
}

/** Reads a script like `loadScript`, to run it on several connections. */
export function readScript(path: string): UnboundScript {
  const lua = readWithIncludes(new URL(path, REDIS_FOLDER), new Set());
  const digest = createHash('sha1').update(lua).digest('hex');
  const keyCount = /-(\d+|n)\.lua$/.exec(path)?.[1];
  if (keyCount === undefined) throw new Error(`The name of ${path} must end in its number of keys`);
  return async (on, keys, args) => {
    if (keyCount !== 'n' && keys.length !== Number(keyCount)) {
      throw new Error(`${path} takes ${keyCount} keys, got ${keys.length}`);
    }
    try {
      return await on.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      return await on.eval(lua, keys.length, ...keys, ...args);
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
