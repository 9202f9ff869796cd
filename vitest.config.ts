import { defineConfig } from 'vitest/config';

/** Files that count what their process holds, or keep it busy: each gets a process of its own. */
const ALONE = ['test/*.test.ts', 'test/{examples,faults,support,web}/**/*.test.ts'];

/** The first resolves `#domain/…` and the like to src/ instead of dist/ (package.json, `imports`). */
const CONDITIONS = ['@streamly/source', 'node'];

export default defineConfig({
  // One graphql for our code and for the libraries: they load its CommonJS build, Vite would take the other.
  resolve: {
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
    conditions: CONDITIONS,
  },
  ssr: { resolve: { conditions: CONDITIONS } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // One more than the two cores that the suite is made for: most of the tests wait most of the time.
    maxWorkers: 3,
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.vitest/report.json' }]] : ['default'],
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      // To load what they all load once, and not a hundred times, takes a minute less.
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: ALONE, isolate: false },
      },
    ],
  },
});
