// Fails if a generated file differs from what `npm run generate` would write. Does not change any file.
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from '@graphql-codegen/cli';
import { tsImport } from 'tsx/esm/api';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const sdl = printed('scripts/print-schema.ts');
const { default: config } = await tsImport('../codegen.ts', import.meta.url);
const types = await generate({ ...config, schema: sdl, silent: true }, false);

const expected = new Map([
  ['schema.graphql', sdl],
  ['.env.example', printed('scripts/print-env-example.ts')],
  ['src/server/documents/generated/built-in.ts', printed('scripts/print-documents.ts')],
  ...types.map(({ filename, content }) => [relative(root, join(root, filename)), content]),
]);
const stale = [];
for (const [file, content] of expected) {
  if ((await textOf(file)) !== content) stale.push(file);
}
for (const folder of new Set(types.map(({ filename }) => dirname(filename)))) {
  for (const name of await namesIn(folder)) {
    if (!expected.has(join(folder, name))) stale.push(join(folder, name));
  }
}

for (const file of stale) console.error(`${file} is out of date.`);
if (stale.length > 0) {
  console.error('Run `npm run generate` and commit the result.');
  process.exitCode = 1;
}

/** What a script writes to standard output. */
function printed(script) {
  const args = ['--conditions=@streamly/source', '--import', 'tsx', script, '--stdout'];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

/** Returns a file's text, or undefined if there is no such file. */
async function textOf(file) {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The names in a folder. Empty if the folder does not exist. */
async function namesIn(folder) {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
