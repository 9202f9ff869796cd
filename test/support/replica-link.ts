import type { RedisServer } from './redis-server.js';
import { until } from './until.js';

type Cli = Pick<RedisServer, 'cli'>;

/** A login that the primary refuses. */
const REFUSED = { masteruser: 'nobody', masterauth: 'wrong' };

/**
 * Cuts the link of a replica to its primary. The replica keeps answering, and falls behind. Returns a function that restores
 * the link, and resolves when the replica is in step again.
 */
export async function cutLink(replica: Cli, primary: Cli): Promise<() => Promise<void>> {
  const before: [name: string, value: string][] = [];
  for (const name of Object.keys(REFUSED)) {
    const [, value = ''] = (await replica.cli('CONFIG', 'GET', name)).split('\n');
    before.push([name, value]);
  }
  const set = async (settings: readonly (readonly [string, string])[]) => {
    for (const [name, value] of settings) await replica.cli('CONFIG', 'SET', name, value);
  };
  const link = async () => /master_link_status:(\w+)/.exec(await replica.cli('INFO', 'replication'))?.[1];
  await set(Object.entries(REFUSED));
  await primary.cli('CLIENT', 'KILL', 'TYPE', 'replica');
  await until(async () => (await link()) === 'down', { what: 'the link to be down' });
  return async () => {
    await set(before);
    await until(async () => (await link()) === 'up', { what: 'the link to be up', timeout: 40_000 });
    await inStep(replica, primary);
  };
}

/** Resolves once a replica has everything that its primary had stored before. */
export async function inStep(replica: Cli, primary: Cli): Promise<void> {
  const offsetOf = async (server: Cli, name: string) =>
    Number(new RegExp(`${name}:(\\d+)`).exec(await server.cli('INFO', 'replication'))?.[1]);
  const wanted = await offsetOf(primary, 'master_repl_offset');
  await until(async () => (await offsetOf(replica, 'slave_repl_offset')) >= wanted, {
    what: 'the replica to be in step',
  });
}
