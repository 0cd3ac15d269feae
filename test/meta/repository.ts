import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, as an absolute path. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** All files below `folder` with one of `endings`, relative to the root, with forward slashes, sorted. */
export function filesBelow(folder: string, ...endings: readonly string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}
