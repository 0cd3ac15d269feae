import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

describe('a process that ends one of its threads', () => {
  it.each(['storage', 'xml'])('lives until that is done, although a message still comes from it (%s)', (room) => {
    const script = fileURLToPath(new URL(`../${room}/fixtures/ending.ts`, import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' });
    // 13: Node found nothing left to wait for.
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'ended\n' });
  });
});
