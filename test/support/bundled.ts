import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What scripts may start threads from: found beside them. */
const THREADS = ['storage/sqlite/database-worker.ts', 'storage/sqlite/backup-worker.ts', 'xml/xpath/xpath-worker.ts'];
const CACHE = join(ROOT, 'node_modules/.cache/pointsman');
const built = new Map<string, string>();

/**
 * A script of the tests as one file that Node.js runs: to load it from the source takes a process most of a second. The
 * file goes with this process.
 */
export function bundled(script: URL): string {
  const known = built.get(script.href);
  if (known !== undefined) return known;
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, 'script-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  buildSync({
    entryPoints: [fileURLToPath(script), ...THREADS.map((thread) => join(ROOT, 'src', thread))],
    ...{ outdir: directory, entryNames: '[name]', chunkNames: 'chunk-[hash]' },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' },
    packages: 'external',
    // As in the program: constants stand where they are used.
    minifySyntax: true,
  });
  const name = /([\w-]+)\.ts$/.exec(script.pathname)?.[1] ?? 'script';
  const file = join(directory, `${name}.js`);
  built.set(script.href, file);
  return file;
}
