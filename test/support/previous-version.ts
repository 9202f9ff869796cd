/** Builds the version before room events from the history of this repository. */
import { execFile } from 'node:child_process';
import { access, cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const COMMIT = 'fa5464ac5d077088a852ba3be6bfef3c147c6104';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** In node_modules, so that it can resolve its packages and is kept between runs. */
const FOLDER = join(root, 'node_modules/.cache/streamly-previous', COMMIT);

/** Builds the previous version once and returns the path of its main file. */
export async function buildPrevious(): Promise<string> {
  const main = join(FOLDER, 'dist/main.js');
  if (await exists(main)) return main;
  await run('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: root }).catch((cause: unknown) => {
    throw new Error(
      `The previous version, commit ${COMMIT}, is not in this clone: fetch the whole history (git fetch --unshallow).`,
      { cause },
    );
  });
  // Move it into place only when complete, because another run may be building it at the same time.
  const building = `${FOLDER}.${process.pid}`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  await run('git', ['archive', `--output=${join(building, 'source.tar')}`, COMMIT, 'src', 'package.json'], {
    cwd: root,
  });
  await run('tar', ['-xf', 'source.tar'], { cwd: building });
  await build({
    entryPoints: await sourcesIn(join(building, 'src')),
    outdir: join(building, 'dist'),
    outbase: join(building, 'src'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  await cp(join(building, 'src/redis'), join(building, 'dist/redis'), {
    recursive: true,
    filter: (source) => !source.endsWith('.ts'),
  });
  // The tests do not use the page, so a placeholder is enough.
  await cp(join(root, 'dist/web'), join(building, 'dist/web'), { recursive: true });
  await rename(building, FOLDER).catch(async (error: unknown) => {
    if (!(await exists(main))) throw error;
    await rm(building, { recursive: true, force: true });
  });
  return main;
}

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
