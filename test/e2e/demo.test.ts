import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('npm run demo plays the main job for each topology and loses nothing', () => {
  const { status, stdout } = spawnSync('npm', ['run', 'demo'], { encoding: 'utf8', timeout: 110_000 });
  expect(status, stdout).toBe(0);
  for (const kind of ['load-balanced', 'high-availability', 'combined']) {
    // Columns: topology, acknowledged, delivered, lost, client-visible errors, kill to first success.
    const row = new RegExp(`│ ${kind} +│ (\\d+) +│ (\\d+) +│ 0 +│ 0 +│ \\d+ +│`).exec(stdout);
    expect(row, stdout).not.toBeNull();
    expect(Number(row?.[1])).toBeGreaterThan(200);
    expect(Number(row?.[2])).toBe(3 * Number(row?.[1]));
  }
  expect(stdout).toContain('Nothing acknowledged was lost, and no client saw an error.');
});
