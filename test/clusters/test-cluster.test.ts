import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Cluster } from '#test/support/cluster.js';
import { slotOf } from '#test/support/key-slot.js';
import { findValkey } from '#test/support/programs.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.close());

test('three primaries have a replica each and share all slots', async () => {
  const shards = await cluster.shards();
  expect(shards.map(({ ranges }) => ranges)).toEqual([[[0, 5460]], [[5461, 10_922]], [[10_923, 16_383]]]);
  expect(shards.map(({ replicas }) => replicas.length)).toEqual([1, 1, 1]);
});

test('the slot of a key is what Redis says', async () => {
  for (const key of ['messages:room1', 'room:{messages:room1}', '{}a', 'ä{b}c{d}', '{a', '123456789']) {
    expect(String(slotOf(key))).toBe(await cluster.nodes[0]!.cli('CLUSTER', 'KEYSLOT', key));
  }
});

test('slots move with their keys', async () => {
  const [first, second] = await cluster.shards();
  const [roomId] = cluster.roomsOn(first!, 1);
  const key = `messages:${roomId}`;
  await first!.primary.cli('LPUSH', key, 'x');
  await cluster.moveSlots({ from: first!.primary, to: second!.primary, slots: [slotOf(key)] });
  expect((await cluster.shardOf(key)).primary.id).toBe(second!.primary.id);
  expect(await second!.primary.cli('LRANGE', key, '0', '-1')).toBe('x');
});

test('a shard is added and removed', async () => {
  const [first] = await cluster.shards();
  const added = await cluster.addShard();
  await cluster.moveSlots({ from: first!.primary, to: added, slots: [1, 2, 3, 5] });
  await cluster.untilHealthy();
  expect((await cluster.shards()).length).toBe(4);
  await cluster.removeShard(added);
  await cluster.untilHealthy();
  expect((await cluster.shards()).length).toBe(3);
});

test('a replica takes over from a primary that was killed, which comes back as a replica', async () => {
  const [first] = await cluster.shards();
  const slot = first!.ranges[0]![0];
  await first!.primary.kill();
  const promoted = await cluster.untilPromoted(first!.primary, slot);
  expect(promoted.id).toBe(first!.replicas[0]!.id);
  await first!.primary.restart();
  await cluster.untilHealthy();
});

const valkey = findValkey();

test.skipIf(valkey === undefined)('ranges of slots move with their keys on Valkey 9.1', async () => {
  const other = await Cluster.start({ program: valkey! });
  onTestFinished(() => other.close());
  const [first, second] = await other.shards();
  const [roomId] = other.roomsOn(first!, 1);
  const key = `messages:${roomId}`;
  await first!.primary.cli('LPUSH', key, 'x');
  const slots = Array.from({ length: 1_000 }, (_, index) => (slotOf(key) + index * 2) % 5_461);
  await other.moveSlots({ from: first!.primary, to: second!.primary, slots, by: 'slots' });
  expect((await other.shardOf(key)).primary.id).toBe(second!.primary.id);
  expect(await second!.primary.cli('LRANGE', key, '0', '-1')).toBe('x');
});
