import type { Reporter, TestModule } from 'vitest/node';

/** Prints how many tests were skipped and, as the last line, `N passed, N failed`. */
export default class CiSummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file that failed to load ran none of its tests; it must not look like nothing happened.
      if (module.state() === 'failed' && [...module.children.allTests()].every((t) => t.result().state !== 'failed')) {
        count.failed += 1;
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') count[state] += 1;
      }
    }
    process.stdout.write(
      `${String(count.skipped)} skipped\n${String(count.passed)} passed, ${String(count.failed)} failed\n`,
    );
  }
}
