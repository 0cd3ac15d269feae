import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { codeOf, ConfigError, messageOf } from '../kernel/errors.ts';
import type { Topology } from './model.ts';
import { parseTopology } from './parse.ts';
import type { TopologyEnvironment } from './resolve.ts';
import { MAX_SOURCE_LENGTH } from './source.ts';

/**
 * Reads a topology file.
 *
 * @param environment usually process.env
 * @throws {ConfigError} with everything that is wrong, also when the file cannot be read
 */
export function loadTopology(file: string, environment: TopologyEnvironment): Topology {
  const parsed = parseTopology(readTopologyText(file), file, { directory: dirname(resolve(file)), environment });
  if ('topology' in parsed) return parsed.topology;
  throw new ConfigError(parsed.diagnostics);
}

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'no permission to read it'],
]);

/**
 * The text of a topology file: UTF-8, at most MAX_SOURCE_LENGTH bytes.
 *
 * @throws {ConfigError} when it cannot be read
 */
export function readTopologyText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readBounded(file, MAX_SOURCE_LENGTH + 1);
  } catch (error) {
    throw fileError(file, `cannot be read: ${REASONS.get(codeOf(error)) ?? messageOf(error)}`);
  }
  if (bytes.byteLength > MAX_SOURCE_LENGTH)
    throw fileError(file, `expected at most ${MAX_SOURCE_LENGTH} bytes, found more`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fileError(file, 'expected UTF-8, found other bytes');
  }
}

/** At most `limit` bytes, so that a device or an endless pipe cannot fill the memory. */
function readBounded(file: string, limit: number): Buffer {
  const bytes = Buffer.alloc(limit);
  const descriptor = openSync(file, 'r');
  try {
    let length = 0;
    while (length < limit) {
      const count = readSync(descriptor, bytes, length, limit - length, null);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function fileError(file: string, message: string): ConfigError {
  return new ConfigError([{ file, line: 1, column: 1, path: '', message }]);
}
