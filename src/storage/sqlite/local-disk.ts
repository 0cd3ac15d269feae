import { statfsSync } from 'node:fs';
import { InfrastructureError } from '../../kernel/errors.ts';

/** File systems by the magic number that statfs() reports (Linux, statfs(2)), on which SQLite's locks cannot be trusted. */
const REMOTE: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x0bd00bd0, 'Lustre'],
]);

const VOLATILE: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

export type DiskVerdict =
  | { readonly kind: 'local' }
  /** Gone after a restart of the machine. */
  | { readonly kind: 'volatile'; readonly fileSystem: string }
  /** Other hosts may reach it, or its locks may not hold: two servers could write at once. */
  | { readonly kind: 'remote'; readonly fileSystem: string };

/** What a file system of this magic number is to an engine's store. Unknown ones count as local disks. */
export function judgeFileSystem(magic: number): DiskVerdict {
  // Kernels report the number as a signed or an unsigned word.
  const type = magic >>> 0;
  const remote = REMOTE.get(type);
  if (remote !== undefined) return { kind: 'remote', fileSystem: remote };
  const memory = VOLATILE.get(type);
  return memory === undefined ? { kind: 'local' } : { kind: 'volatile', fileSystem: memory };
}

/**
 * The verdict on the file system of `directory`, which must exist. Throws InfrastructureError `store-unavailable` when
 * engines must not be stored there. `magicOf` is asked for the magic number.
 */
export function assertLocalDisk(
  directory: string,
  magicOf: (directory: string) => number = (path) => statfsSync(path).type,
): DiskVerdict {
  const verdict = judgeFileSystem(magicOf(directory));
  if (verdict.kind === 'remote') {
    throw new InfrastructureError(
      'store-unavailable',
      `The store directory ${directory} is on ${verdict.fileSystem}, expected a disk of this machine: ` +
        'file locks there do not keep two servers apart. Use a local directory or the postgres store',
      { processed: 'no' },
    );
  }
  return verdict;
}
