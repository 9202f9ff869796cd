import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = (name: string) => join(root, 'node_modules/.bin', name);

describe('the client as it is published', () => {
  let dir: string;
  let built: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'streamly-test-client-'));
    built = join(dir, 'node_modules/streamly-chat/dist/client');
    await mkdir(built, { recursive: true });
    await run(bin('tsc'), ['-p', join(root, 'web/client/tsconfig.json'), '--outDir', built]);
    await writeFile(
      join(dir, 'node_modules/streamly-chat/package.json'),
      JSON.stringify({
        name: 'streamly-chat',
        type: 'module',
        exports: { './client': { types: './dist/client/index.d.ts', default: './dist/client/index.js' } },
      }),
    );
    for (const name of ['graphql', 'graphql-ws']) {
      await symlink(join(root, 'node_modules', name), join(dir, 'node_modules', name));
    }
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('is imported by plain Node', async () => {
    const program = `import * as client from 'streamly-chat/client'; console.log(Object.keys(client).sort().join())`;
    await writeFile(join(dir, 'program.mjs'), program);
    const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: dir });
    expect(stdout.trim()).toBe(
      'ChatClientError,DocumentError,MessageTooLargeError,SendError,followRoom,resumingClient,send,sendOnce',
    );
  });

  it('has types that hold for a program that checks its libraries too', async () => {
    await writeFile(
      join(dir, 'program.mts'),
      `import { createClient } from 'graphql-ws';
       import { followRoom, resumingClient, send } from 'streamly-chat/client';
       const client = resumingClient(createClient({ url: 'ws://localhost' }), {
         onEvent: (event) => {
           if (event.type === 'live') event.missed satisfies number;
         },
       });
       for await (const { id, content } of followRoom(client, { roomId: 'lobby' })) {
         if (content === id) await send(client, { roomId: 'lobby', content });
       }
       // @ts-expect-error a room is needed
       followRoom(client, {});`,
    );
    const options = ['--noEmit', '--strict', '--module', 'NodeNext', '--target', 'ES2022', '--types', ''];
    const { stdout } = await run(
      bin('tsc'),
      [...options, '--lib', 'ES2022,DOM', '--skipLibCheck', 'program.mts'],
      {
        cwd: dir,
      },
    ).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('brings no other package along, and stays small', async () => {
    const outfile = join(dir, 'bundle.js');
    // Without resolving packages: an import that is not of this client stays one.
    await run(bin('esbuild'), [
      join(built, 'index.js'),
      '--bundle',
      '--minify',
      '--format=esm',
      '--packages=external',
      `--outfile=${outfile}`,
    ]);
    const bundle = await readFile(outfile, 'utf8');
    expect(bundle).not.toMatch(/\bimport\b|\brequire\b/);
    expect(gzipSync(bundle, { level: 9 }).length).toBeLessThan(5_500);
    expect(await readdir(built)).toContain('index.d.ts');
  });
});
