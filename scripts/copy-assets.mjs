// Copies what the compiler leaves behind (the Lua scripts) into dist/, at the same relative place.
import { chmod, cp } from 'node:fs/promises';

await cp('src', 'dist', {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});

// The operator's command is run by its name.
await chmod('dist/cli/main.js', 0o755);
