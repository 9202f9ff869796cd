import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Servers } from '#redis/client/servers.js';
import { Cluster } from '#test/support/cluster.js';
import { slotOf } from '#test/support/key-slot.js';
import { until } from '#test/support/until.js';
import { connect, listen, open, publish } from './fixture.js';

let cluster: Cluster;
let servers: Servers;

beforeAll(async () => {
  cluster = await Cluster.start();
  servers = await connect(cluster, { commandTimeoutMs: 1_000 });
}, 60_000);
afterAll(async () => {
  await servers?.close();
  await cluster?.close();
});

/** Keys of a shard, each in a slot of its own. */
const keysOn = async (index: number, count: number, prefix: string) =>
  cluster.roomsOn((await cluster.shards())[index]!, count, prefix).map((roomId) => `messages:${roomId}`);

test('sends each command to the shard of its key', async () => {
  const keys = [await keysOn(0, 5, 'a'), await keysOn(1, 5, 'a'), await keysOn(2, 5, 'a')].flat();
  await Promise.all(keys.map((key) => servers.commands.set(key, `value of ${key}`)));
  const values = await Promise.all(keys.map((key) => servers.commands.get(key)));
  expect(values).toEqual(keys.map((key) => `value of ${key}`));
  expect(await servers.commands.eval('return redis.call("GET", KEYS[1])', 1, keys[0]!)).toBe(values[0]);
  await Promise.all(keys.map((key) => servers.commands.del(key)));
});

test('is connected to one server for each shard, and misses none', async () => {
  const shards = await cluster.shards();
  const names = servers.connected().map(({ name }) => name);
  expect(names.sort()).toEqual(shards.map(({ primary }) => primary.address).sort());
  expect(servers.missing()).toEqual([]);
  await servers.check();
});

describe('while a slot moves', () => {
  test('a command is asked of the other shard if its key is there already', async () => {
    const [from, to] = (await cluster.shards()).map(({ primary }) => primary);
    const [key] = await keysOn(0, 1, 'asked');
    const slot = String(slotOf(key!));
    await to!.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from!.id);
    await from!.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to!.id);
    // Missing on the source, so it may have moved. Other commands share the connection with ASKING.
    const others = await keysOn(1, 20, 'other');
    const asked = Array.from({ length: 20 }, (_, index) => servers.commands.sadd(key!, `member ${index}`));
    await Promise.all([...asked, ...others.map((other) => servers.commands.set(other, 'x'))]);
    expect(await servers.commands.scard(key!)).toBe(20);
    expect(
      await servers.write(key!, (writer) => writer.eval("return redis.call('SCARD', KEYS[1])", 1, key!)),
    ).toBe(20);
    // Half of the keys of a script on each side.
    const tag = `{${key}}`;
    const script = "return redis.call('EXISTS', KEYS[1]) + redis.call('EXISTS', KEYS[2])";
    const split = servers.commands.eval(script, 2, key!, `${tag}:none`);
    const settled = split.then(
      () => 'answered',
      (error: Error) => error.message.split(' ')[0],
    );
    for (const node of [to!, from!]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', to!.id);
    expect(await settled).toBe('answered');
    expect(await servers.commands.scard(key!)).toBe(20);
    await cluster.untilHealthy();
  });

  test('a script whose keys are on both sides fails after a second', async () => {
    const [from, to] = (await cluster.shards()).map(({ primary }) => primary);
    const [key] = await keysOn(0, 1, 'torn');
    await servers.commands.set(key!, 'x');
    const slot = String(slotOf(key!));
    await to!.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from!.id);
    await from!.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to!.id);
    const started = performance.now();
    const script = "return redis.call('EXISTS', KEYS[1], KEYS[2])";
    await expect(servers.commands.eval(script, 2, key!, `{${key}}:none`)).rejects.toThrow(/^TRYAGAIN/);
    expect(performance.now() - started).toBeGreaterThan(950);
    for (const node of [to!, from!]) await node.cli('CLUSTER', 'SETSLOT', slot, 'STABLE');
  });

  test('no command fails when slots move under load, and no subscription goes deaf', async () => {
    const [from, to] = (await cluster.shards()).map(({ primary }) => primary);
    const keys = await keysOn(0, 60, 'moving');
    const viewer = listen(servers);
    for (const key of keys) await viewer.subscribe(key);
    const failures: string[] = [];
    let running = true;
    const load = keys.map(async (key) => {
      for (let index = 0; running; index += 1) {
        await servers.commands
          .sadd(key.replace('messages', 'set'), index)
          .catch((error) => failures.push(String(error)));
        await servers
          .write(key, (writer) => writer.eval("return redis.call('INCR', KEYS[1])", 1, key))
          .catch((error) => failures.push(String(error)));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    });
    await cluster.moveSlots({ from: from!, to: to!, slots: keys.map(slotOf) });
    running = false;
    await Promise.all(load);
    expect(failures).toEqual([]);
    const texts = keys.map((key) => ({ key, text: `after ${key}` }));
    await until(() => keys.every((key) => viewer.renewed.includes(key)), { what: 'all to be renewed' });
    for (const { key, text } of texts) await publish(servers, key, text);
    for (const { key, text } of texts) await viewer.untilHeard(`${key} ${text}`);
    expect(viewer.heard).toHaveLength(keys.length);
    for (const key of keys) await viewer.unsubscribe(key);
  });
});

describe('a channel', () => {
  test('is heard on the shard of its slot, and not after it was left', async () => {
    const viewer = listen(servers);
    const channels = [
      ...(await keysOn(0, 2, 'b')),
      ...(await keysOn(1, 2, 'b')),
      ...(await keysOn(2, 2, 'b')),
    ];
    await Promise.all(channels.map(viewer.subscribe));
    for (const channel of channels) await publish(servers, channel, 'one');
    for (const channel of channels) await viewer.untilHeard(`${channel} one`);
    await Promise.all(channels.map(viewer.unsubscribe));
    for (const channel of channels) expect(await publish(servers, channel, 'two')).toBe(0);
    expect(viewer.heard).toHaveLength(channels.length);
  });

  test('is subscribed again if Redis ends it while others are being left', async () => {
    const [from, to] = (await cluster.shards()).map(({ primary }) => primary);
    const viewer = listen(servers);
    const channels = await keysOn(0, 40, 'left');
    for (const channel of channels) await viewer.subscribe(channel);
    const moving = cluster.moveSlots({ from: from!, to: to!, slots: channels.slice(0, 20).map(slotOf) });
    // The answers to these and what Redis says about those mix on one connection.
    for (const channel of channels.slice(20)) void viewer.unsubscribe(channel);
    await moving;
    for (const channel of channels.slice(0, 20)) {
      await until(async () => (await publish(servers, channel, 'x')) === 1, {
        what: `${channel} to be subscribed`,
      });
      await viewer.untilHeard(`${channel} x`);
    }
    for (const channel of channels.slice(20)) expect(await publish(servers, channel, 'x')).toBe(0);
    for (const channel of channels.slice(0, 20)) await viewer.unsubscribe(channel);
  });
});

test('can be closed twice, at any time', async () => {
  const other = await connect(cluster);
  await other.close();
  await other.close();
  await expect(other.commands.get('x')).rejects.toThrow();
  const started = performance.now();
  await open(cluster).close();
  expect(performance.now() - started).toBeLessThan(1_500);
});

test('a shard that lost its last slot is kept until it is idle, and commands to it are redirected', async () => {
  const added = await cluster.addShard();
  await until(async () => (await added.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
    what: 'the new shard to be ready for slots',
  });
  const [from] = (await cluster.shards()).map(({ primary }) => primary);
  const [key] = await keysOn(0, 1, 'guest');
  const failures: unknown[] = [];
  for (const [source, target] of [
    [from!, added],
    [added, from!],
  ] as const) {
    const moving = cluster.moveSlots({ from: source, to: target, slots: [slotOf(key!)] });
    const load = Array.from({ length: 50 }, () =>
      servers.commands.sadd(key!, 'x').catch((error) => failures.push(error)),
    );
    await moving;
    await Promise.all(load);
  }
  expect(failures).toEqual([]);
  const clients = async () => (await added.cli('CLIENT', 'LIST', 'TYPE', 'normal')).trim().split('\n');
  expect((await clients()).length).toBeGreaterThan(1);
  // Only the one that asks.
  await until(async () => (await clients()).length === 1, {
    what: 'its connections to be closed',
    timeout: 25_000,
  });
}, 60_000);
