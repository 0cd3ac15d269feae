import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { assertLocalDisk, judgeFileSystem } from '../../../src/storage/sqlite/local-disk.ts';

describe('assertLocalDisk()', () => {
  it.each([
    ['NFS', 0x6969],
    ['SMB', 0x517b],
    ['SMB2', 0xfe534d42],
    ['CIFS', 0xff534d42],
    ['CIFS', 0xff534d42 - 2 ** 32],
    ['9p', 0x01021997],
    ['FUSE', 0x65735546],
  ])('F21: refuses %s (%i)', (name, magic) => {
    const attempt = (): unknown => assertLocalDisk('/data', () => magic);
    expect(attempt).toThrow(InfrastructureError);
    expect(attempt).toThrow(`The store directory /data is on ${name}, expected a disk of this machine`);
  });

  it('accepts local disks, unknown ones too', () => {
    for (const magic of [0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0x794c7630, 1]) {
      expect(assertLocalDisk('/data', () => magic)).toEqual({ kind: 'local' });
    }
  });

  it('F21: tells a disk in memory', () => {
    expect(judgeFileSystem(0x01021994)).toEqual({ kind: 'volatile', fileSystem: 'tmpfs' });
  });

  it('asks the machine', () => {
    expect(assertLocalDisk(tmpdir()).kind).toMatch(/^(local|volatile)$/);
  });
});
