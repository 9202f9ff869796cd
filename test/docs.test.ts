/** Checks that the files, scripts and headings that the documentation names exist. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const PAGES = [...readdirSync('.'), ...filesIn('docs'), 'bench/README.md'].filter((file) =>
  file.endsWith('.md'),
);
/** Files whose comments refer to pages and npm scripts. */
const COMMENTED = [
  'compose.yaml',
  'Dockerfile',
  '.env.example',
  '.ci/run',
  ...filesIn('deploy'),
  ...filesIn('scripts'),
];

/** The text without fenced code blocks, which may show paths of other projects. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

const matches = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, match = '']) => match)),
];

/** Repository paths in the text, such as `src/app.ts` and `deploy/redis/`. */
function paths(text: string): string[] {
  const folders = String.raw`(?:src|test|web|packages|examples|docs|deploy|scripts|bench|\.ci)/`;
  return [
    ...matches(prose(text), new RegExp(`\`(${folders}[^\`\\s*…]*)\``, 'g')),
    ...matches(text, new RegExp(`(?:npx tsx|npx vitest run|redis-server) (${folders}[\\w./-]+)`, 'g')),
    // The table of folders in the README.
    ...matches(text, /^((?:src|web|packages|examples)[\w./-]*) {2,}/gm),
  ];
}

/** The anchor that GitHub generates for a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

describe.each(PAGES)('%s', (page) => {
  test('names only paths that exist', async () => {
    const text = await readFile(page, 'utf8');
    expect(paths(text).filter((path) => !existsSync(path))).toEqual([]);
  });

  test('links only to files and headings that exist', async () => {
    const text = await readFile(page, 'utf8');
    const missing: string[] = [];
    for (const link of matches(prose(text), /\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', heading] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(target)) missing.push(link);
      else if (heading !== undefined) {
        const headings = matches(prose(await readFile(target, 'utf8')), /^#+ (.+)$/gm).map(anchor);
        if (!headings.includes(heading)) missing.push(link);
      }
    }
    expect(missing).toEqual([]);
  });
});

describe.each([...PAGES, ...COMMENTED])('%s', (file) => {
  test('names only npm scripts and pages that exist', async () => {
    const text = await readFile(file, 'utf8');
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: object };
    const named = matches(text, /\bnpm run (?:-\S+ )*([\w:-]+)/g);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const pages = matches(text, /(?<![\w/.])(docs\/[\w/-]+\.md)\b/g);
    expect(pages.filter((page) => !existsSync(page))).toEqual([]);
  });
});
