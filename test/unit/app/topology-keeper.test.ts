import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followFile } from '../../../src/app/follow-file.ts';
import { TopologyKeeper, type ReloadOutcome } from '../../../src/app/topology-keeper.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { eventually } from '../../support/eventually.ts';

const text = (extra = ''): string => `name: t
topology: single
proxies: [{ name: p1, listen: 127.0.0.1:8080 }]
servers: [{ name: s1, listen: 127.0.0.1:8081 }]
engines: [{ name: E1, candidates: [s1] }]
${extra}
`;

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pointsman-keeper-'));
  file = join(folder, 't.yaml');
  writeFileSync(file, text());
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('TopologyKeeper', () => {
  it('F34: keeps what holds when a file is bad, and the text that says so', () => {
    const keeper = TopologyKeeper.open(file, {});
    const { current } = keeper.live;
    writeFileSync(file, text('limits: { hold: 3 }'));
    expect(keeper.reload()).toMatchObject({ refused: [{ file, line: 6, path: 'limits.hold' }] });
    expect(keeper.live.current).toBe(current);
    expect(keeper.text).toBe(text());
    rmSync(file);
    expect(keeper.reload()).toMatchObject({
      refused: [{ message: expect.stringContaining('no such file') as unknown }],
    });
  });

  it('takes a rolling change only for those who start anew', () => {
    const keeper = TopologyKeeper.open(file, {});
    const rolling = text('publishers: { registration: required }');
    expect(keeper.offer(rolling)).toHaveProperty('refused');
    expect(keeper.text).toBe(text());
    expect(keeper.offer(rolling, 'rolling')).toMatchObject({ changed: ['publishers.registration'] });
    expect(keeper.text).toBe(rolling);
    expect(new TopologyKeeper(file, keeper.text, {}).live.current).toEqual(keeper.live.current);
  });

  it('does not offer the same text twice', () => {
    const keeper = TopologyKeeper.open(file, {});
    expect(keeper.reloadIfTouched()).toBeUndefined();
    writeFileSync(file, 'bad');
    expect(keeper.reloadIfTouched()).toHaveProperty('refused');
    expect(keeper.reloadIfTouched()).toBeUndefined();
  });
});

describe('followFile()', () => {
  const hold = (seconds: number): string => text(`limits: { hold: ${String(seconds)}s }`);

  it.each<[string, (seconds: number) => void]>([
    ['is written to', (seconds) => writeFileSync(file, hold(seconds))],
    [
      'is replaced',
      (seconds) => {
        writeFileSync(`${file}~`, hold(seconds));
        renameSync(`${file}~`, file);
      },
    ],
    [
      'is deleted and comes back',
      (seconds) => {
        unlinkSync(file);
        writeFileSync(file, hold(seconds));
      },
    ],
  ])('reloads a file that %s', async (_how, write) => {
    const over = new AbortController();
    const keeper = TopologyKeeper.open(file, {});
    const outcomes: ReloadOutcome[] = [];
    followFile({
      keeper,
      clock: systemClock,
      onHangup: () => undefined,
      report: (one) => outcomes.push(one),
      signal: over.signal,
    });
    for (const seconds of [2, 3]) {
      write(seconds);
      await eventually('it is taken up', () => keeper.live.current.limits.holdMs === seconds * 1_000);
    }
    over.abort();
    expect(outcomes.map((one) => 'changed' in one && one.changed)).toEqual([['limits.hold'], ['limits.hold']]);
  });

  it('reloads a file behind links that are swapped, as those of a ConfigMap are', async () => {
    const generation = (name: string, content: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'c.yaml'), content);
      symlinkSync(name, join(folder, `..tmp-${name}`));
      renameSync(join(folder, `..tmp-${name}`), join(folder, '..data'));
    };
    generation('..1', text());
    const link = join(folder, 'c.yaml');
    symlinkSync('..data/c.yaml', link);
    const over = new AbortController();
    const keeper = TopologyKeeper.open(link, {});
    followFile({ keeper, clock: systemClock, onHangup: () => undefined, report: () => undefined, signal: over.signal });
    generation('..2', hold(7));
    await eventually('it is taken up', () => keeper.live.current.limits.holdMs === 7_000);
    over.abort();
  });

  it('reads the file at SIGHUP and says so, changed or not', () => {
    const over = new AbortController();
    const keeper = TopologyKeeper.open(file, {});
    const outcomes: ReloadOutcome[] = [];
    const hangups: (() => void)[] = [];
    const onHangup = (listener: () => void): void => void hangups.push(listener);
    followFile({ keeper, clock: systemClock, onHangup, report: (one) => outcomes.push(one), signal: over.signal });
    hangups[0]!();
    over.abort();
    expect(outcomes).toEqual([{ version: 0, changed: [], what: [] }]);
  });
});
