import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadScript } from '#redis/client/script.js';
import { type Fixture, startFixture } from '#test/redis/fixture.js';

let redis: Fixture;
beforeAll(async () => {
  redis = await startFixture();
});
afterAll(() => redis.close());

test('puts includes in place, and runs the whole by one digest', async () => {
  const { commands } = await redis.connect();
  const take = loadScript(commands, 'limits/lua/take-limit-1.lua');
  expect(await take(['limit'], [1, 60_000])).toBe(0);
  expect(await take(['limit'], [1, 60_000])).toBeGreaterThan(0);
  const stats = await commands.info('commandstats');
  expect(stats).toMatch(/cmdstat_eval:calls=1,/);
});

test('refuses another number of keys than its name says', async () => {
  const { commands } = await redis.connect();
  const take = loadScript(commands, 'limits/lua/take-limit-1.lua');
  await expect(take([], [1, 1])).rejects.toThrow('limits/lua/take-limit-1.lua takes 1 keys, got 0');
});

test('fails at once if a file is missing, or does not say how many keys it takes', async () => {
  const { commands } = await redis.connect();
  expect(() => loadScript(commands, 'limits/lua/none-1.lua')).toThrow(/ENOENT/);
  expect(() => loadScript(commands, 'limits/lua/includes/sliding-limit.lua')).toThrow(/number of keys/);
});
