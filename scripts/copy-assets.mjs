// Copies the files that the compiler ignores (the Lua scripts) into dist/, with the same relative paths.
import { chmod, cp } from 'node:fs/promises';

await cp('src', 'dist', {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});

// The command line program must be executable.
await chmod('dist/cli/main.js', 0o755);
