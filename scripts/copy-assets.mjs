// Completes dist/ after the compiler: the files that it ignores (the Lua scripts), with the same relative paths, and
// the entry point of `streamly-chat/client`, which re-exports the client package.
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';

await cp('src', 'dist', {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});

await mkdir('dist/client', { recursive: true });
for (const extension of ['js', 'd.ts']) {
  await writeFile(`dist/client/index.${extension}`, "export * from '../../packages/client/dist/index.js';\n");
}

// The command line program must be executable.
await chmod('dist/cli/main.js', 0o755);
