import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import type { Machine } from './report.js';

/** Describes the machine that runs the benchmark. */
export function machine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release().split('-')[0]}`,
  };
}

/** The installed versions of each contender's packages. */
export function versions(contenders: readonly Contender[]): Record<string, Record<string, string>> {
  return Object.fromEntries(
    contenders.map(({ name, folder, packages }) => [
      name,
      Object.fromEntries(packages.map((name) => [name, installedVersion(folder, name)])),
    ]),
  );
}

function installedVersion(folder: string, name: string): string {
  try {
    const manifest = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8');
    return (JSON.parse(manifest) as { version: string }).version;
  } catch {
    return 'not installed';
  }
}
