import { readFileSync } from 'node:fs';

/** What a connection by TLS is made with: certificates and a key, as PEM. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/** Reads the files that are named; undefined where none is. Throws an error that names the one that fails. */
export function readTlsFiles(
  paths: Readonly<Record<keyof RedisTls, string | undefined>>,
): RedisTls | undefined {
  const tls: RedisTls = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = paths[name];
    if (path === undefined) continue;
    try {
      tls[name] = readFileSync(path, 'utf8');
    } catch (error) {
      throw new Error(`REDIS_TLS_${name.toUpperCase()} cannot be read: ${(error as Error).message}`);
    }
  }
  return Object.keys(tls).length === 0 ? undefined : tls;
}
