import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { ContenderProcess } from './fixtures/contenders.ts';
import { temporaryDirectory } from './fixtures/places.ts';

/** The library that fakes a process's clocks; undefined where it is not installed (Debian: faketime). */
function fakeTimeLibrary(): string | undefined {
  if (!existsSync('/usr/lib')) return undefined;
  return readdirSync('/usr/lib')
    .map((folder) => join('/usr/lib', folder, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path));
}

const library = fakeTimeLibrary();

/** Clocks of child processes that are moved by `set`. */
function fakeClocks(
  directory: string,
  fakesMonotonic: boolean,
): { env: Record<string, string>; set: (to: string) => void } {
  const file = join(directory, 'clock');
  const set = (to: string): void => writeFileSync(file, `${to}\n`);
  set('+0');
  const env: Record<string, string> = {
    LD_PRELOAD: library ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    ...(fakesMonotonic ? {} : { FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
  };
  return { env, set };
}

describe.skipIf(library === undefined)('A holder whose clocks jump (needs libfaketime)', () => {
  it('F14: keeps its engine when the wall clock of the machine is set', { timeout: 60_000 }, async () => {
    using directory = temporaryDirectory();
    const { env, set } = fakeClocks(directory.path, false);
    const options = { directory: join(directory.path, 'data'), candidates: ['server1', 'server2'], ttlMs: 3_000, env };
    await using holder = new ContenderProcess({ ...options, server: 'server1' });
    await holder.serves();
    await using standby = new ContenderProcess({ ...options, server: 'server2' });
    await standby.line(/^contends$/);
    for (const [index, to] of ['+3600', '-3600', '+86400', '+0'].entries()) {
      set(to);
      await eventually(`jump to ${to} is noticed`, () => jumpsIn(holder).length > index, 10_000);
      const before = holder.beats.length;
      await holder.serves(before + 20);
    }
    expect(jumpsIn(holder).every((line) => line.includes('"isHeld":true'))).toBe(true);
    expect(new Set(holder.beats.map(({ epoch }) => epoch))).toEqual(new Set([1]));
    expect(standby.beats).toEqual([]);
    expect([holder.isRunning, standby.isRunning]).toEqual([true, true]);
  });

  it('F15: is deposed like a frozen one when the monotonic clock jumps too', { timeout: 60_000 }, async () => {
    using directory = temporaryDirectory();
    const { env, set } = fakeClocks(directory.path, true);
    const options = {
      directory: join(directory.path, 'data'),
      candidates: ['server1'],
      server: 'server1',
      ttlMs: 3_000,
    };
    await using holder = new ContenderProcess({ ...options, env });
    await holder.serves();
    set('+60');
    await holder.end();
    expect(holder.exitCode).toBe(75);
    await using next = new ContenderProcess(options);
    await next.serves(1);
    expect(next.beats[0]?.epoch).toBe(2);
  });
});

function jumpsIn(process: ContenderProcess): readonly string[] {
  return process.lines.filter((line) => line.startsWith('warn The clock jumped'));
}
