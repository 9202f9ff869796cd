import { readFileSync } from 'node:fs';

/** Certificates and key of a TLS connection, in PEM format. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Reads the given PEM files. Undefined if no file is given.
 * Throws an error that names the variable of a bad file.
 */
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
