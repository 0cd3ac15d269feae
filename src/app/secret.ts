import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, ConfigError } from '../kernel/errors.ts';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

const FILE = 'cluster.secret';
const MIN_BYTES = 16;

/**
 * The secret by which members prove to each other that they belong to the cluster: POINTSMAN_SECRET, else the file
 * `cluster.secret` in the store directory, made with 32 random bytes by whoever comes first. Members on several
 * hosts must be given the same. ConfigError when there is one but it is shorter than 16 bytes.
 */
export async function clusterSecret(directory: string, environment: Environment): Promise<Uint8Array> {
  const given = environment['POINTSMAN_SECRET'];
  if (given !== undefined) return checked(given, 'POINTSMAN_SECRET');
  const file = join(directory, FILE);
  await mkdir(directory, { recursive: true });
  return checked(await readOrCreate(file), file);
}

async function readOrCreate(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  // Written aside and linked into place, so that nobody ever reads half a secret.
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(aside, randomBytes(32).toString('hex'), { mode: 0o600 });
  await chmod(aside, 0o600);
  try {
    await link(aside, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
  return readFile(file, 'utf8');
}

function checked(text: string, source: string): Uint8Array {
  const secret = Buffer.from(text.trim());
  if (secret.byteLength < MIN_BYTES) {
    const message = `The cluster secret is too short (found ${secret.byteLength} bytes, expected at least ${MIN_BYTES})`;
    throw new ConfigError([{ file: source, line: 1, column: 1, path: '', message }]);
  }
  return secret;
}
