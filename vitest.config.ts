import { defineConfig } from 'vitest/config';
import CiSummaryReporter from './test/support/ci-summary-reporter.ts';

/** Tests that start whole clusters take turns; the rest may share the machine. */
const alone = ['test/e2e/**/*.test.ts', 'test/interop/**/*.test.ts'];
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
          exclude: [...alone, ...faults],
          setupFiles: ['test/support/property-seed.ts'],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'processes',
          include: alone,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'faults',
          include: faults,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
