import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const PROGRAM = 'dist/main.js';

function pointsman(cluster: TestCluster, ...words: string[]) {
  return spawnSync(process.execPath, [PROGRAM, ...words], { env: cluster.environment, encoding: 'utf8' });
}

describe('pointsman backup and restore', () => {
  it('copy a running cluster, and bring it back after a database has been lost', async () => {
    await using cluster = await TestCluster.start('high-availability');
    const folder = join(cluster.directory, 'backup');
    const made = pointsman(cluster, 'backup', cluster.file, '--to', folder, '--json');
    expect(made.stderr).toBe('');
    const { server, epoch } = cluster.hostOf('ME1');
    expect(JSON.parse(made.stdout)).toMatchObject({
      event: 'backup',
      engine: 'ME1',
      from: server,
      manifest: { epoch },
    });

    const running = pointsman(cluster, 'restore', cluster.file, '--from', folder, '--force');
    expect(running.status).toBe(1);
    expect(running.stderr).toContain('it runs; stop the servers that may host it');

    await cluster.killAll();
    rmSync(join(cluster.directory, 'data', 'ME1', 'engine.db'));
    // It never becomes ready: its engine is refused everywhere.
    const starting = cluster.up().catch(() => undefined);
    const status = await eventually(
      'the servers say why',
      () => {
        const { stdout } = pointsman(cluster, 'status', cluster.file);
        return stdout.split('REGRESSED').length >= 3 ? stdout : undefined;
      },
      30_000,
    );
    expect(status).toContain('ME1 standby (Store of engine "ME1": REGRESSED');
    const stopped = pointsman(cluster, 'backup', cluster.file, '--to', join(cluster.directory, 'other'));
    expect(stopped.status).toBe(1);

    const restored = pointsman(cluster, 'restore', cluster.file, '--from', folder, '--force');
    expect(restored.stderr).toBe('');
    expect(restored.stdout).toContain('ME1  restored as it was at');
    await starting;
    await eventually('it runs', () => cluster.hostOf('ME1').epoch > epoch, 60_000);
    // Each server said it, and none of them all the time.
    const said = cluster.stderr.split('\n').filter((line) => line.includes('REGRESSED'));
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThanOrEqual(3);
    expect(readFileSync(join(folder, 'ME1', 'manifest.json'), 'utf8')).toContain('"sha256"');
  });

  it('refuse an engine that the topology does not have', async () => {
    await using cluster = await TestCluster.start('single');
    const { status, stderr } = pointsman(cluster, 'backup', cluster.file, '--to', cluster.directory, '--engine', 'ME9');
    expect(status).toBe(2);
    expect(stderr).toContain('No engine "ME9"');
  });
});
