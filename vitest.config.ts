import { defineConfig } from 'vitest/config';

/** Files that count what their process holds (its timers, too), or keep it busy: each gets a process of its own. */
const ALONE = [
  'test/*.test.ts',
  'test/{clusters,examples,faults,support,web}/**/*.test.ts',
  'test/packages/client/{resumption,send}.test.ts',
  'test/fanout/**/{hub-checks,topic}.test.ts',
  'test/workers/processes.test.ts',
];

/** The first resolves `#domain/…` and the like to src/ instead of dist/ (package.json, `imports`). */
const CONDITIONS = ['@streamly/source', 'node'];

/** What `--mode quick` leaves out: faults, clusters, the browser, floods, long runs, processes and thousands of random cases. */
const SLOW = [
  'test/{faults,clusters,web}/**',
  'test/{examples,main}.test.ts',
  '**/*.property.test.ts',
  'test/server/fuzzing/**',
  'test/server/guards/{floods,selection-limits,slow-clients,unread-clients}.test.ts',
  'test/server/http/request-body.test.ts',
  'test/server/operation/latest-values.test.ts',
  'test/redis/room-log/{replication,replica-reads}.test.ts',
  'test/redis/client/shards/{cluster,failover,partition,readiness,start}.test.ts',
  'test/{dev/embedded-redis,packages/client/package,workers/processes}.test.ts',
  'test/redis/cache/cache.test.ts',
  'test/redis/client/sentinel/{primary,replicas}.test.ts',
  '**/{churn,outage,restarts,stalled-connection,tracing}.test.ts',
];

export default defineConfig(({ mode }) => {
  const exclude = mode === 'quick' ? SLOW : [];
  return {
    resolve: {
      // The client by its package name, from its sources.
      tsconfigPaths: true,
      // One graphql for our code and for the libraries: they load its CommonJS build, Vite would take the other.
      alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
      conditions: CONDITIONS,
    },
    ssr: { resolve: { conditions: CONDITIONS } },
    test: {
      testTimeout: 60_000,
      hookTimeout: 60_000,
      // One more than the two cores that the suite is made for: most of the tests wait most of the time.
      maxWorkers: 3,
      reporters: process.env.CI ? ['default', ['json', { outputFile: '.vitest/report.json' }]] : ['default'],
      // The server alone. What runs in processes of its own, such as main.ts, is not seen.
      coverage: {
        provider: 'v8',
        reportOnFailure: true,
        include: ['src/**/*.ts'],
        reporter: ['text', 'html'],
      },
      projects: [
        { extends: true, test: { name: 'alone', include: ALONE, exclude } },
        // To load what they all load once, and not a hundred times, takes a minute less.
        {
          extends: true,
          test: {
            name: 'together',
            include: ['test/**/*.test.ts'],
            exclude: [...ALONE, ...exclude],
            isolate: false,
          },
        },
      ],
    },
  };
});
