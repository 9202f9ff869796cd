// Prints the schema in sorted order, with the default limits.
//
//   tsx scripts/print-schema.ts            writes schema.graphql
//   tsx scripts/print-schema.ts --stdout   writes to stdout only
import { writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import { createSchema } from '#graphql/schema.js';

const sdl = `${printSchema(lexicographicSortSchema(createSchema(DEFAULT_LIMITS)))}\n`;

if (process.argv.includes('--stdout')) process.stdout.write(sdl);
else await writeFile(new URL('../schema.graphql', import.meta.url), sdl);
