/**
 * Redis as it is run where others share the network: TLS, a password, and the rules of deploy/. All tests run
 * against such servers by `npm run test:secured` (scripts/test-secured.mjs), which makes the certificate.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the certificate is; not set in an ordinary run. */
const FOLDER = process.env.TEST_REDIS_TLS;

const ACL = fileURLToPath(new URL('../../deploy/redis/users.acl', import.meta.url));

/** Of the users in the file of deploy/. */
const PASSWORD = 'for-development-only';

/** What a test itself does to Redis, from FLUSHALL to DEBUG, nobody may do in deploy/. */
const TESTER = { name: 'tester', password: 'for-tests-only' };

/** How a secured server is started, and logged in to. */
export interface Secured {
  args: string[];
  /** What a node logs in with. */
  login: string;
  /** What a test logs in with. */
  testerLogin: string;
}

export const isSecuredRun = FOLDER !== undefined;

/** Writes the users into the server's own folder. `port` is the one for TLS. */
export async function secure(dir: string, port: number): Promise<Secured> {
  const folder = FOLDER!;
  const digest = createHash('sha256').update(TESTER.password).digest('hex');
  const aclFile = join(dir, 'users.acl');
  const users = await readFile(ACL, 'utf8');
  await writeFile(
    aclFile,
    `${users.trimEnd()}\nuser ${TESTER.name} on #${digest} allkeys allchannels +@all\n`,
  );
  const certificate = join(folder, 'redis.pem');
  const settings = {
    aclfile: aclFile,
    'tls-port': String(port),
    'tls-cert-file': certificate,
    'tls-key-file': join(folder, 'redis.key'),
    'tls-ca-cert-file': certificate,
    'tls-auth-clients': 'no',
    // One may become a replica of another.
    'tls-replication': 'yes',
    masteruser: TESTER.name,
    masterauth: TESTER.password,
  };
  return {
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    login: `streamly:${PASSWORD}@`,
    testerLogin: `${TESTER.name}:${TESTER.password}@`,
  };
}
