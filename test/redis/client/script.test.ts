import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadScript } from '#redis/client/script.js';
import { type Fixture, startFixture } from '#test/redis/fixture.js';

let redis: Fixture;
beforeAll(async () => {
  redis = await startFixture();
});
afterAll(() => redis.close());

test('inserts includes and runs the script by its digest', async () => {
  const { commands } = await redis.connect();
  const take = loadScript(commands, 'limits/lua/take-limit-1.lua');
  expect(await take(['limit'], [1, 60_000])).toBe(0);
  expect(await take(['limit'], [1, 60_000])).toBeGreaterThan(0);
  const stats = await commands.info('commandstats');
  expect(stats).toMatch(/cmdstat_eval:calls=1,/);
});

test('refuses a number of keys that differs from its file name', async () => {
  const { commands } = await redis.connect();
  const take = loadScript(commands, 'limits/lua/take-limit-1.lua');
  await expect(take([], [1, 1])).rejects.toThrow('limits/lua/take-limit-1.lua takes 1 keys, got 0');
});

test('throws when it is loaded if the file is missing or its name has no number of keys', async () => {
  const { commands } = await redis.connect();
  expect(() => loadScript(commands, 'limits/lua/none-1.lua')).toThrow(/ENOENT/);
  expect(() => loadScript(commands, 'limits/lua/includes/sliding-limit.lua')).toThrow(/number of keys/);
});
