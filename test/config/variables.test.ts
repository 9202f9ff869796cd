import { describe, expect, test } from 'vitest';
import { configFromEnv } from '#config/config.js';
import { SECTIONS } from '#config/variables.js';
import { errorOf, ROWS } from './rows.js';

const NAMES = SECTIONS.flatMap(({ variables }) => Object.keys(variables));

test('every variable is declared once and has a row in this test', () => {
  expect([...NAMES].sort()).toEqual(Object.keys(ROWS).sort());
});

describe.each(Object.entries(ROWS))('%s', (name, row) => {
  test('has its default if it is not set or empty', () => {
    expect(row.of(configFromEnv({}))).toEqual(row.default);
    expect(row.of(configFromEnv({ [name]: '' }))).toEqual(row.default);
    expect(row.of(configFromEnv({ [name]: undefined }))).toEqual(row.default);
  });

  test.each(Object.entries(row.good))('accepts %j', (text, value) => {
    expect(row.of(configFromEnv({ [name]: text }))).toEqual(value);
  });

  test.each(row.bad)('refuses %j in one line that names the variable', (text) => {
    const { message } = errorOf({ [name]: text });
    if (row.isSecret) {
      expect(message).toMatch(new RegExp(`^${name} must be .+\\.$`));
      expect(message).not.toContain(text);
    } else {
      expect(message).toMatch(new RegExp(`^${name} must be .+, got ".+"\\.$`));
    }
  });
});

describe('an error', () => {
  test.each([
    [{ PORT: 'abc' }, 'PORT must be an integer between 0 and 65535, got "abc".'],
    [{ METRICS: 'on' }, 'METRICS must be true or false, got "on".'],
    [{ NODE_ENV: 'prod' }, 'NODE_ENV must be production, development or test, got "prod".'],
    [{ NODE_ID: 'a\nb' }, 'NODE_ID must be 1 to 64 letters, digits, "_", "-" or ".", got "a\\nb".'],
    [{ PORT: '1'.repeat(100) }, `PORT must be an integer between 0 and 65535, got "${'1'.repeat(60)}…".`],
    [{ JWT_SECRET: 'hunter2' }, 'JWT_SECRET must be at least 32 characters.'],
    [
      { REDIS_URL: 'http://user:hunter2@redis' },
      'REDIS_URL must be a URL that begins with redis:// or rediss://.',
    ],
  ])('for %j says which values are accepted', (env, message) => {
    expect(errorOf(env).message).toBe(message);
  });
});
