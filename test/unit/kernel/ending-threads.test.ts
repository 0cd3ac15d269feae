import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bundled } from '../../support/bundled.ts';

const DATABASE = new URL('../storage/fixtures/ending.ts', import.meta.url);
const XPATH = new URL('../xml/fixtures/ending.ts', import.meta.url);

/** Two loads of the source, on a machine that may have much else to do. */
const PATIENCE_MS = 90_000;

describe('a process that ends one of its threads', () => {
  it.each([
    ['database', DATABASE],
    ['XPath', XPATH],
  ])(
    'lives until that is done, although a message still comes from it (%s)',
    (_thread, script) => {
      const args = [bundled(script)];
      const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: PATIENCE_MS });
      // 13: Node found nothing left to wait for.
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'ended\n' });
    },
    PATIENCE_MS,
  );
});
