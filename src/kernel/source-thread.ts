import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const built = new Map<string, string>();

/**
 * For those who run the source, in tests: threads do not inherit what reads TypeScript for their process, and to load it
 * anew for each would take most of a second.
 */
export function builtFromSource(entry: string): string {
  const known = built.get(entry);
  if (known !== undefined) return known;
  const cache = fileURLToPath(new URL('../../node_modules/.cache/pointsman/', import.meta.url));
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(`${cache}thread-`);
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  // Not imported: it is no part of the program.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as { buildSync: (options: object) => void };
  const format = { format: 'esm', platform: 'node', target: 'node20', outExtension: { '.js': '.mjs' } };
  // Split, as the program is: what is imported late must not be loaded early.
  buildSync({ ...format, entryPoints: [entry], outdir, bundle: true, splitting: true, packages: 'external' });
  const file = `${outdir}/${basename(entry, '.ts')}.mjs`;
  built.set(entry, file);
  return file;
}
