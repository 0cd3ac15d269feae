import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loaded } from '../../contract/store-contents.ts';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { batchesIn } from './fixtures/batches.ts';
import { HolderProcess } from './fixtures/child.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';

const acknowledgedBy = (child: HolderProcess): number[] =>
  child.lines.filter((line) => line.startsWith('ack ')).map((line) => Number(line.slice(4)));

/** What the next holder finds, and lets go of again. */
async function inspect(directory: string): Promise<{ epoch: number; batches: number[] }> {
  await using member = sqliteMember(directory);
  const active = await activate(member, 'ME1');
  const batches = batchesIn(await active.store.read(0, 1e9, 1e9), await loaded(active.store));
  await deactivate(active);
  return { epoch: active.lease.epoch, batches };
}

/** How many moments of death are tried: few each time, as many as wanted with FAULT_RUNS. */
const RUNS = Number(process.env['FAULT_RUNS'] ?? 6);
const hasStrace = spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0;

describe('SqliteStorage, when its process is killed', () => {
  it('has every acknowledged batch, whole and in order', { timeout: 120_000 }, async () => {
    const ROUNDS = 10;
    const waits = fc.sample(fc.integer({ min: 0, max: 60 }), ROUNDS);
    using directory = temporaryDirectory();
    let acknowledged: number[] = [];
    for (const [round, ms] of waits.entries()) {
      await using child = new HolderProcess(directory.path, 'commit');
      await child.line(/^ack/);
      // Not a wait for something: the moment of death is the case.
      await delay(ms);
      await child.kill();
      acknowledged = [...acknowledged, ...acknowledgedBy(child)];
      expect(child.lines[0]).toBe(`held ${round * 2 + 1}`);
      const { epoch, batches } = await inspect(directory.path);
      expect(epoch).toBe(round * 2 + 2);
      expect(
        batches.toSorted((a, b) => a - b),
        `waits were ${waits.join()}`,
      ).toEqual(batches);
      expect(batches).toEqual(expect.arrayContaining(acknowledged));
    }
    expect(acknowledged.length).toBeGreaterThan(ROUNDS);
  });
});

describe.skipIf(!hasStrace)('SqliteStorage, under a failing disk (needs strace)', () => {
  it('F17: exits with 74 when an fsync fails, acknowledges nothing after it, and is checked whole by the next', async () => {
    using directory = temporaryDirectory();
    const wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO:when=30+'];
    await using child = new HolderProcess(directory.path, 'commit', wrapper);
    await child.end();
    expect(child.lines.slice(-6)).toContain('failed StoreBrokenError');
    expect(child.lines.at(-1)).toBe('then StoreBrokenError');
    expect(child.exitCode).toBe(74);
    const acknowledged = acknowledgedBy(child);
    expect(acknowledged.length).toBeGreaterThan(0);
    const suspicion = join(directory.path, 'ME1', 'engine.suspect');
    expect(existsSync(suspicion)).toBe(true);
    const { batches } = await inspect(directory.path);
    expect(batches).toEqual(expect.arrayContaining(acknowledged));
    expect(existsSync(suspicion)).toBe(false);
  }, 60_000);

  it('F17: an fsync that fails once ends the process all the same', async () => {
    using directory = temporaryDirectory();
    const wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO:when=30'];
    await using child = new HolderProcess(directory.path, 'commit', wrapper);
    await child.end();
    expect(child.lines.at(-1)).toBe('then StoreBrokenError');
    expect(child.exitCode).toBe(74);
    const { batches } = await inspect(directory.path);
    expect(batches).toEqual(expect.arrayContaining(acknowledgedBy(child)));
  }, 60_000);

  it(
    `F2: has every acknowledged batch when it dies at any fsync or write (${String(RUNS)} of them)`,
    async () => {
      let acknowledged = 0;
      for (let run = 0; run < RUNS; run += 1) {
        const call = run % 2 === 0 ? 'fsync' : 'pwrite64';
        // From the first call, in the middle of creating the file, on to the commits; few runs take longer steps.
        const step = Math.max(1, 15 / RUNS);
        const when = 1 + Math.floor(((run / 2) * step) ** 1.6);
        using directory = temporaryDirectory();
        const wrapper = [
          'strace',
          '-f',
          '-qq',
          '-o',
          '/dev/null',
          '-e',
          `inject=${call}:signal=SIGKILL:when=${String(when)}`,
        ];
        await using child = new HolderProcess(directory.path, 'commit', wrapper);
        await child.end();
        const { batches } = await inspect(directory.path);
        expect(batches, `${call} ${String(when)}`).toEqual(expect.arrayContaining(acknowledgedBy(child)));
        acknowledged += acknowledgedBy(child).length;
      }
      expect(acknowledged).toBeGreaterThan(0);
    },
    RUNS * 15_000,
  );
});
