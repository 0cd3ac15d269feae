import { defineConfig } from 'vitest/config';
import CiSummaryReporter from './test/support/ci-summary-reporter.ts';

/** Tests that start whole clusters wait for processes more than they work: three files at a time, on two cores. */
const processes = ['test/e2e/**/*.test.ts', 'test/interop/**/*.test.ts'];
/** Those that measure have the machine for themselves. */
const alone = ['test/e2e/failover.test.ts'];
/** Tests that break clusters; after all others, whose clusters shall stay whole. */
const faults = ['test/faults/scenarios/**/*.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', new CiSummaryReporter()],
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...processes, ...faults],
          setupFiles: ['test/support/property-seed.ts'],
          testTimeout: 30_000,
          // Files share what they have imported; to load it anew for each would take longer than the tests.
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'processes',
          include: processes,
          exclude: alone,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: alone,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'faults',
          include: faults,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
