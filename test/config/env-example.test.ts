import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { configFromEnv } from '#config/config.js';
import { variable } from '#config/declaration.js';
import { renderEnvExample } from '#config/env-example.js';
import { integer } from '#config/parsers.js';
import { ROWS } from './rows.js';

const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

test('.env.example is up to date', () => {
  expect(text).toBe(renderEnvExample());
});

test('.env.example lists every variable once, with a comment', () => {
  const named = [...text.matchAll(/^(?<comment># .*\n)?(?<name>[A-Z][A-Z0-9_]*)=/gm)];
  expect(named.map(({ groups }) => groups!.name).sort()).toEqual(Object.keys(ROWS).sort());
  expect(named.filter(({ groups }) => groups!.comment === undefined)).toEqual([]);
});

test('.env.example has the defaults, so using it unchanged changes nothing', () => {
  expect(configFromEnv(parseEnv(text))).toEqual(configFromEnv({}));
  const production = { NODE_ENV: 'production', REDIS_URL: 'redis://redis' };
  expect(configFromEnv({ ...parseEnv(text), ...production })).toEqual(configFromEnv(production));
  const shown = Object.entries(parseEnv(text)).filter(([, value]) => value !== '');
  for (const [name, value] of shown) expect(value, name).toBe(String(ROWS[name]!.default));
});

test('renderEnvExample wraps descriptions and shows the default of each environment', () => {
  const SIZE = variable({
    parser: integer(1, 9),
    default: 2,
    productionDefault: 3,
    description: `${'word '.repeat(30)}end.`,
  });
  const lines = renderEnvExample([{ title: 'Sizes', note: 'For tests.', variables: { SIZE } }]).split('\n');
  expect(lines.slice(lines.indexOf('# --- Sizes ---'))).toEqual([
    '# --- Sizes ---',
    '# For tests.',
    '',
    `#${' word'.repeat(21)}`,
    `#${' word'.repeat(9)} end.`,
    '# Accepts an integer between 1 and 9. Default: 3 in production, 2 otherwise.',
    'SIZE=',
    '',
  ]);
});
