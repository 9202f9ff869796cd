// Prints .env.example, as the table of variables in src/config gives it.
//
//   tsx scripts/print-env-example.ts            writes .env.example
//   tsx scripts/print-env-example.ts --stdout   writes nothing but its output
import { writeFile } from 'node:fs/promises';
import { renderEnvExample } from '#config/env-example.js';

const text = renderEnvExample();

if (process.argv.includes('--stdout')) process.stdout.write(text);
else await writeFile(new URL('../.env.example', import.meta.url), text);
