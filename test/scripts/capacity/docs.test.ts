import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Each command of the capacity script in docs/scaling.md, and the output that is shown for it. */
const examples = [
  ...readFileSync('docs/scaling.md', 'utf8').matchAll(
    /^\$ npm run --silent capacity -- ((?:[^\n]*\\\n)*[^\n]*)\n([\s\S]*?)(?=^```|^\$ )/gm,
  ),
].map(([, args = '', output = '']) => ({ args: args.replaceAll('\\\n', ' ').trim(), output }));

describe('docs/scaling.md', () => {
  test('works out a million viewers in one room, and a hundred thousand rooms', () => {
    expect(examples.map(({ args }) => args)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/1000000 --rooms 1 /),
        expect.stringMatching(/--rooms 100000 /),
      ]),
    );
  });

  test.each(examples)('shows what `capacity $args` prints', ({ args, output }) => {
    const command = ['--conditions=@streamly/source', '--import', 'tsx', 'scripts/capacity/main.ts'];
    const printed = execFileSync(process.execPath, [...command, ...args.split(/\s+/)], { encoding: 'utf8' });
    expect(output).toBe(printed);
  });
});
