/**
 * Redis as in production on a shared network: with TLS, a password and the access rules of deploy/. With `npm
 * run test:secured` (scripts/test-secured.mjs, which makes the certificate), all tests use such servers.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of the certificate. Not set in an ordinary run. */
const FOLDER = process.env.TEST_REDIS_TLS;

const ACL = fileURLToPath(new URL('../../deploy/redis/users.acl', import.meta.url));

/** The password of the users in the ACL file of deploy/. */
const PASSWORD = 'for-development-only';

/** The tests' own user. Unlike the users in deploy/, it may run any command, from FLUSHALL to DEBUG. */
const TESTER = { name: 'tester', password: 'for-tests-only' };

/** How to start a secured server, and how to log in. */
export interface Secured {
  args: string[];
  /** The login of a node. */
  login: string;
  /** The login of a test. */
  testerLogin: string;
}

export const isSecuredRun = FOLDER !== undefined;

/** Writes the ACL file into the server's folder. `port` is the TLS port. */
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
    // A server may become a replica of another.
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
