/** The npm packages that `npm run build` and `npm pack` create, installed in an empty project. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const bin = (name: string) => join(root, 'node_modules/.bin', name);

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'streamly-test-client-'));
  await install('streamly-chat-client', join(root, 'packages/client'));
  await install('streamly-chat', root);
  for (const name of ['graphql', 'graphql-ws']) {
    await symlink(join(root, 'node_modules', name), join(dir, 'node_modules', name));
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Packs the existing build of a package and unpacks it into node_modules, like npm does. */
async function install(name: string, folder: string): Promise<void> {
  const args = ['pack', '--ignore-scripts', '--json', '--workspaces=false', '--pack-destination', dir];
  const { stdout } = await run('npm', args, { cwd: folder });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const target = join(dir, 'node_modules', name);
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(dir, filename), '-C', target, '--strip-components=1']);
}

const installed = (name: string) => join(dir, 'node_modules', name);
const manifest = async (name: string) =>
  JSON.parse(await readFile(join(installed(name), 'package.json'), 'utf8')) as Record<string, unknown>;

describe.each(['streamly-chat-client', 'streamly-chat/client'])('%s', (name) => {
  test('can be imported in plain Node', async () => {
    const program = `import * as client from '${name}'; console.log(Object.keys(client).sort().join())`;
    await writeFile(join(dir, 'program.mjs'), program);
    const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: dir });
    expect(stdout.trim()).toBe(
      'ChatClientError,DocumentError,EMPTY_ROOM,MessageTooLargeError,SendError,addHistory,followRoom,reduceRoom,resumingClient,send,sendOnce',
    );
  });

  test('has types that compile in a strict project', async () => {
    await writeFile(
      join(dir, 'program.mts'),
      `import { createClient } from 'graphql-ws';
       import { followRoom, resumingClient, send } from '${name}';
       const client = resumingClient(createClient({ url: 'ws://localhost' }), {
         onEvent: (event) => {
           if (event.type === 'live') event.missed satisfies number;
         },
       });
       for await (const { id, content } of followRoom(client, { roomId: 'lobby' })) {
         if (content === id) await send(client, { roomId: 'lobby', content });
       }
       // @ts-expect-error roomId is required
       followRoom(client, {});`,
    );
    const options = ['--noEmit', '--strict', '--module', 'NodeNext', '--target', 'ES2022', '--types', ''];
    const { stdout } = await run(
      bin('tsc'),
      [...options, '--lib', 'ES2022,DOM', '--skipLibCheck', 'program.mts'],
      { cwd: dir },
    ).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });
});

describe('the package streamly-chat-client', () => {
  test('has the same version as the server, and no dependencies', async () => {
    const client = await manifest('streamly-chat-client');
    expect(client.version).toBe((await manifest('streamly-chat')).version);
    expect(client).not.toHaveProperty('dependencies');
    expect(client.peerDependencies).toEqual({ 'graphql-ws': expect.any(String) });
  });

  test('contains only the build, the README and the license', async () => {
    const names = await readdir(installed('streamly-chat-client'));
    expect(names.sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
    expect(await readdir(join(installed('streamly-chat-client'), 'dist'))).toContain('index.d.ts');
  });

  test('imports no other package, and stays small', async () => {
    const outfile = join(dir, 'bundle.js');
    // Packages stay external, so an import of a package would remain in the bundle.
    await run(bin('esbuild'), [
      join(installed('streamly-chat-client'), 'dist/index.js'),
      '--bundle',
      '--minify',
      '--format=esm',
      '--packages=external',
      `--outfile=${outfile}`,
    ]);
    const bundle = await readFile(outfile, 'utf8');
    expect(bundle).not.toMatch(/\bimport\b|\brequire\b/);
    expect(gzipSync(bundle, { level: 9 }).length).toBeLessThan(6_250);
  });
});
