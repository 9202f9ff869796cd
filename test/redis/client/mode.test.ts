import { expect, test } from 'vitest';
import { modeOf } from '#redis/client/mode.js';

test.each([
  ['Redis', { redis_mode: 'cluster' }, 'cluster'],
  ['a Sentinel', { redis_mode: 'sentinel' }, 'sentinel'],
  ['Valkey', { server_mode: 'cluster' }, 'cluster'],
  ['a server that does not say', {}, 'standalone'],
])('the mode of %s is read from its INFO', (_which, info: Record<string, string>, mode) => {
  expect(modeOf((name) => info[name])).toBe(mode);
});
