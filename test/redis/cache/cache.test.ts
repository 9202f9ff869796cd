import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CacheSource } from '#domain/ports/cache.js';
import { createCache } from '#redis/cache/cache.js';
import { type Fixture, startFixture, type TestNode } from '#test/redis/fixture.js';
import { until } from '#test/support/until.js';

const NAME = 'numbers';
const KEY = `cache:${NAME}`;
const LOCK = `lock:{${KEY}}`;

let redis: Fixture;
let here: TestNode;
let there: TestNode;
const caches: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  redis = await startFixture();
  here = await redis.connect();
  there = await redis.connect();
});
afterAll(() => redis.close());
afterEach(async () => {
  // A renewal that is still running would affect the next test.
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
});
beforeEach(async () => {
  await here.commands.flushall();
  redis.reported.length = 0;
});

const noGate = async (): Promise<void> => undefined;

/** A cached value on one node that counts its loads. Each load waits for `gate`. */
function counter(connections: TestNode, { maxBytes = 1_000, gate = noGate } = {}) {
  const node = { loads: 0, gate };
  const source: CacheSource<number[]> = {
    name: NAME,
    load: async () => {
      node.loads += 1;
      await node.gate();
      return [node.loads];
    },
    parse: (stored) => (Array.isArray(stored) ? stored : undefined),
  };
  const cache = createCache({ servers: connections.servers, maxBytes, hooks: redis.hooks });
  caches.push(cache);
  return Object.assign(node, { cache, value: cache.value(source) });
}

/** A gate that the test opens. */
function barrier() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, gate: () => opened };
}

/** Makes the stored value stale. */
const expire = () => here.commands.pexpire(KEY, 60_000);

describe('a cached value', () => {
  test('is loaded once for two hundred readers on two nodes', async () => {
    const [one, two] = [counter(here), counter(there)];
    const reads = Array.from({ length: 200 }, (_, index) => (index % 2 ? one : two).value.read());
    expect(await Promise.all(reads)).toEqual(Array(200).fill([1]));
    expect(one.loads + two.loads).toBe(1);
  });

  test('is read from memory while it is fresh, without asking Redis', async () => {
    const { value } = counter(here);
    await value.read();
    const commands = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await there.commands.info('stats'))?.[1]);
    const before = await commands();
    for (let count = 0; count < 100; count += 1) await value.read();
    // The INFO itself, background pings and the release of the lock.
    expect((await commands()) - before).toBeLessThan(10);
  });

  test('is renewed about a second later, by the next read', async () => {
    const node = counter(here);
    const loadedAt = performance.now();
    await node.value.read();
    await until(async () => (await node.value.read())[0] === 2, { what: 'a new value' });
    expect(performance.now() - loadedAt).toBeGreaterThan(900);
  });

  test('is served stale while another node renews it', async () => {
    const [one, two] = [counter(here), counter(there)];
    await one.value.read();
    await expire();
    const { gate, open } = barrier();
    two.gate = gate;
    two.loads = 10;
    const renewing = two.value.read();
    await until(() => two.loads === 11, { what: 'the other node to load' });
    // The other node has the stale value too, and a node that starts now gets it from Redis.
    expect(await counter(await redis.connect()).value.read()).toEqual([1]);
    expect(await one.value.read()).toEqual([1]);
    open();
    await renewing;
    await until(async () => (await one.value.read())[0] === 11, { what: 'the new value' });
    expect(one.loads).toBe(1);
  });

  test('is loaded by another node if the loading node dies', async () => {
    // The lock of a node that was killed during a load, with a shorter expiry.
    await here.commands.set(LOCK, '1', 'PX', 300);
    const node = counter(here);
    expect(await node.value.read()).toEqual([1]);
    expect(node.loads).toBe(1);
  });

  test('keeps its lock while it is loading, then releases it', async () => {
    const { gate, open } = barrier();
    const node = counter(here, { gate });
    const reading = node.value.read();
    await until(() => node.loads === 1, { what: 'the load' });
    await here.commands.pexpire(LOCK, 1_500);
    await until(async () => (await here.commands.pttl(LOCK)) > 2_000, { what: 'the lock to be extended' });
    open();
    await reading;
    await until(async () => (await here.commands.exists(LOCK)) === 0, { what: 'the lock to be released' });
  });

  test('is replaced if the stored text is not valid', async () => {
    for (const stored of ['not JSON', '{"a":1}', `[${'1,'.repeat(1_000)}1]`]) {
      await here.commands.set(KEY, stored, 'PX', 61_000);
      expect(await counter(here).value.read()).toEqual([1]);
      expect(await here.commands.get(KEY)).toBe('[1]');
    }
  });

  test('is served even if it is too large to share, which is reported', async () => {
    const node = counter(here, { maxBytes: 2 });
    expect(await node.value.read()).toEqual([1]);
    expect(redis.reported).toEqual([expect.stringContaining('onError cache numbers')]);
    expect(await here.commands.exists(KEY, LOCK)).toBe(0);
  });

  test('throws the error of its first load, and is loaded again by the next read', async () => {
    let isBroken = true;
    const node = counter(here, {
      gate: async () => {
        if (isBroken) throw new Error('broken');
      },
    });
    await expect(node.value.read()).rejects.toThrow('broken');
    isBroken = false;
    expect(await node.value.read()).toEqual([2]);
  });

  test('is not loaded after the cache was closed', async () => {
    const node = counter(here);
    await node.value.read();
    await node.cache.close();
    await node.cache.close();
    await expire();
    expect(await node.value.read()).toEqual([1]);
    expect(node.loads).toBe(1);
  });
});

describe('if an ACL forbids the key', () => {
  test('each node loads the value for itself, and reports it once', async () => {
    await here.commands.acl('SETUSER', 'narrow', 'on', '>pw', '~other', '+@all');
    const url = Object.assign(new URL(redis.server.url), { username: 'narrow', password: 'pw' });
    const node = counter(await redis.connect({ url: url.href }));
    expect(await node.value.read()).toEqual([1]);
    expect(redis.reported.filter((line) => line.startsWith('onError cache'))).toHaveLength(1);
  });
});

describe.each(['hangs', 'is gone'])('while Redis %s', (state) => {
  test('serves the last value, throws without one, and loads a new one when Redis is back', async () => {
    const other = await startFixture();
    try {
      const connections = await other.connect({ commandTimeoutMs: 300 });
      const node = counter(connections);
      const empty = counter(await other.connect({ commandTimeoutMs: 300 }));
      // A load needs Redis as well.
      node.gate = async () => void (await connections.commands.ping());
      await node.value.read();
      await connections.commands.pexpire(KEY, 60_000);
      if (state === 'hangs') other.server.hang();
      else await other.server.kill();
      await expect(empty.value.read()).rejects.toThrow();
      // Long enough for the value to become stale, then old, then kept.
      const startedAt = performance.now();
      await until(
        async () => {
          expect(await node.value.read()).toEqual([1]);
          return performance.now() - startedAt > 2_500;
        },
        { what: 'the outage to last' },
      );
      if (state === 'hangs') other.server.resume();
      else await other.server.restart();
      await until(async () => (await node.value.read())[0] === 2, { what: 'a new value' });
      // Only the connections report the outage.
      expect(redis.reported).toEqual([]);
    } finally {
      await other.close();
    }
  });
});
