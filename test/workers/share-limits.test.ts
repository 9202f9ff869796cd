import { expect, test } from 'vitest';
import { configFromEnv } from '#config/config.js';
import { shareOf } from '#workers/share-limits.js';

const LIMITS = {
  CONNECTIONS_LIMIT: '1000',
  ANSWERS_LIMIT: '10',
  UNREAD_BYTES_LIMIT: '0',
  CONNECTIONS_PER_ADDRESS: '7',
  UNREAD_BYTES_PER_ADDRESS: '8',
  ANSWERS_PER_ADDRESS: '9',
};

test('a worker has its share of what a server may hold, rounded up, and each address has its whole limit', () => {
  const whole = configFromEnv({ ...LIMITS, WORKERS: '3' });
  expect(shareOf(whole)).toEqual({
    ...whole,
    frameCacheBytes: Math.ceil(134_217_728 / 3),
    protection: {
      ...whole.protection,
      connections: 334,
      answers: { ...whole.protection.answers, inAll: 4 },
      unread: { ...whole.protection.unread, inAll: 0 },
    },
  });
});
