/** Pages of history from the replicas of a Cluster: which count, and what happens with the others. */
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { EventLog, Head } from '#domain/ports/event-log.js';
import { messagesKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { type ClusterFixture, startClusterFixture } from '#test/clusters/fixture.js';
import { draft } from '#test/redis/fixture.js';
import type { Shard } from '#test/support/cluster.js';
import { cutLink, inStep } from '#test/support/replica-link.js';
import { until } from '#test/support/until.js';

let redis: ClusterFixture;
let servers: Servers;
let shard: Shard;
let eventLog: EventLog;
/** Another node. */
let other: EventLog;
/** Where each page was read, or why from the primary. */
const reads: string[] = [];
let rooms = 0;
let roomId: string;

beforeAll(async () => {
  redis = await startClusterFixture({ shards: 1, replicas: 2 });
  servers = await redis.connect({ replicaReads: true });
  const settings = { historyLimit: 10, ttlSeconds: 3_600 };
  const hooks = {
    onHistoryRead: (from: string) => void reads.push(from),
    onError: (where: string, error: unknown) => void redis.reported.push(`${where}: ${error}`),
  };
  eventLog = redis.use(createEventLog({ ...settings, servers, replicaReads: true, hooks }));
  other = redis.use(createEventLog({ ...settings, servers: await redis.connect() }));
  shard = (await redis.cluster.shards())[0]!;
  // A Cluster names a replica only once it has received something.
  await other.append(draft('a', { roomId: 'first' }));
});
afterAll(() => redis.close());
beforeEach(async () => {
  rooms += 1;
  roomId = `room${rooms}`;
  reads.length = 0;
  redis.reported.length = 0;
  // A replica that failed in the test before is left alone for a while.
  const next = () => servers.replicaOf(messagesKey(roomId))?.name;
  const areUsable = () => new Set([next(), next()].filter(Boolean)).size === 2;
  await until(areUsable, { what: 'both replicas to be usable', timeout: 20_000 });
});

const NEWEST = { take: { last: 5 } };

/** Sends through the other node, as if the feed had brought it here. */
async function send(...contents: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const content of contents) ids.push((await other.append(draft(content, { roomId }))).id);
  return ids;
}

async function headOf(): Promise<Head> {
  const [head] = await eventLog.heads([roomId]);
  return head as Head;
}

async function allInStep(): Promise<void> {
  for (const replica of shard.replicas) await inStep(replica, shard.primary);
}

async function contents(
  known: Head,
  window: Parameters<EventLog['messages']>[1] = NEWEST,
): Promise<string[]> {
  const { messages } = await eventLog.messages(roomId, window, known);
  return messages.map(({ content }) => content);
}

/** Cuts the links of all replicas. They are restored after the test. */
async function cutLinks(): Promise<void> {
  for (const replica of shard.replicas) onTestFinished(await cutLink(replica, shard.primary));
}

test('replicas that are in step serve pages in turn, and the primary none', async () => {
  await send('a', 'b', 'c');
  const known = await headOf();
  await allInStep();
  const servers = [shard.primary, ...shard.replicas];
  for (const server of servers) await server.cli('CONFIG', 'RESETSTAT');
  for (let page = 0; page < 6; page += 1) expect(await contents(known)).toEqual(['a', 'b', 'c']);
  const callsOf = async (server: (typeof servers)[number]) =>
    Number(/cmdstat_evalsha_ro:calls=(\d+)/.exec(await server.cli('INFO', 'commandstats'))?.[1] ?? 0);
  expect(reads).toEqual(Array(6).fill('replica'));
  expect(await Promise.all(servers.map(callsOf))).toEqual([0, 3, 3]);
  expect(await shard.primary.cli('INFO', 'commandstats')).not.toContain('cmdstat_evalsha:');
});

test('a page from a replica is the same as from the primary, whichever way it is read', async () => {
  const ids = await send('a', 'b', 'c', 'd', 'e', 'f');
  const known = await headOf();
  await allInStep();
  const windows = [
    NEWEST,
    { take: { first: 2 } },
    { before: ids[4]!, take: { last: 2 } },
    { after: ids[0]!, before: ids[3]!, take: { first: 10 } },
    { before: ids[0]!, take: { last: 2 } },
    { take: { last: 0 } },
  ];
  for (const window of windows) {
    expect(await eventLog.messages(roomId, window, known)).toEqual(await eventLog.messages(roomId, window));
  }
  expect(reads).toEqual(windows.map(() => 'replica'));
});

test('without what this node knows of the room, the primary is asked', async () => {
  await send('a');
  await allInStep();
  await eventLog.messages(roomId, NEWEST);
  expect(reads).toEqual([]);
});

test('replicas that are behind serve rooms without new messages, and the others come from the primary', async () => {
  const [first] = await send('a');
  const before = await headOf();
  await allInStep();
  await cutLinks();
  expect(await contents(before)).toEqual(['a']);
  const [second] = await send('b');
  const known = await headOf();
  expect(await contents(known)).toEqual(['a', 'b']);
  // A cursor that the replicas do not have yet is not expired.
  expect(await contents(known, { after: second!, before: second!, take: { last: 5 } })).toEqual([]);
  expect(await contents(before, { before: second!, take: { last: 5 } })).toEqual(['a']);
  expect(await contents(before, { after: second!, before: second!, take: { last: 5 } })).toEqual([]);
  expect(await contents(before, { after: first!, before: second!, take: { last: 5 } })).toEqual([]);
  expect(reads).toEqual(['replica', 'behind', 'behind', 'behind', 'behind', 'behind']);
  expect(redis.reported).toEqual([]);
});

test('a message that was just sent through this node is on the next page, before the feed has brought it back', async () => {
  await eventLog.append(draft('a', { roomId }));
  const known = await headOf();
  await allInStep();
  await cutLinks();
  await eventLog.append(draft('b', { roomId }));
  expect(await contents(known)).toEqual(['a', 'b']);
  expect(reads).toEqual(['behind']);
});

test('a replica with another history of the room, such as before a loss of data, does not count', async () => {
  await send('a');
  const known = await headOf();
  await allInStep();
  expect(await contents({ ...known, epoch: 'another' })).toEqual(['a']);
  const [ms] = known.head.split('-');
  // An entry that only the others have.
  expect(await contents({ ...known, head: `${Number(ms) - 1}-0` })).toEqual(['a']);
  expect(reads).toEqual(['behind', 'behind']);
});

test('only the primary says that a cursor has expired', async () => {
  const ids = await send(...'abcdefghijkl');
  const known = await headOf();
  await allInStep();
  const window = { after: ids[0]!, before: ids[5]!, take: { last: 5 } };
  await expect(eventLog.messages(roomId, window, known)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
  expect(reads).toEqual(['expired']);
});

test('the clock of a replica does not matter', async () => {
  await send('a', 'b');
  const known = await headOf();
  await allInStep();
  expect(await contents({ ...known, now: known.now + 3_600_000 * 2 })).toEqual([]);
  expect(await contents(known)).toEqual(['a', 'b']);
  expect(reads).toEqual(['replica', 'replica']);
});

test('replicas that hang delay one page by a quarter of a second, and are left alone afterwards', async () => {
  await send('a');
  const known = await headOf();
  await allInStep();
  for (const replica of shard.replicas) {
    replica.hang();
    onTestFinished(() => replica.resume());
  }
  for (let page = 0; page < 4; page += 1) expect(await contents(known)).toEqual(['a']);
  expect(reads.slice(0, 2)).toEqual(['failed', 'failed']);
  expect(reads).not.toContain('replica');
});

test('replicas that refuse because their link is down are reported once, and the primary is asked', async () => {
  await send('a');
  const known = await headOf();
  await allInStep();
  for (const replica of shard.replicas) {
    await replica.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    onTestFinished(async () => void (await replica.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'yes')));
  }
  await cutLinks();
  for (let page = 0; page < 4; page += 1) expect(await contents(known)).toEqual(['a']);
  expect(reads.slice(0, 2)).toEqual(['failed', 'failed']);
  expect(reads).not.toContain('replica');
  expect(redis.reported).toHaveLength(2);
  expect(redis.reported[0]).toContain('MASTERDOWN');
});
