/**
 * `npm run build`: the program as few large files in dist/, because to find, read and compile hundreds of small ones is
 * most of what a start of a process costs (docs/adr/0023-a-bundled-program.md). Types are checked by `npm run check:types`.
 */
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const SOURCE = resolve(import.meta.dirname, '../src');
const OUTPUT = resolve(import.meta.dirname, '../dist');
/** What becomes a process or a thread. All come to lie in one folder, with the chunks: threads are found beside those. */
const ENTRIES = [
  'main.ts',
  'storage/sqlite/database-worker.ts',
  'storage/sqlite/backup-worker.ts',
  'xml/xpath/xpath-worker.ts',
];
/** They load files of their own: a native addon, a WebAssembly module. */
const APART = ['better-sqlite3', 'libxml2-wasm'];
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Of a package in the older format of modules, loaded by import(), a bundle has no named exports. */
const noLatePackages: Plugin = {
  name: 'no-late-packages',
  setup: (builder) => {
    builder.onResolve({ filter: /^[^./]/ }, ({ kind, path, importer }) => {
      if (kind !== 'dynamic-import' || isBuiltin(path) || !importer.startsWith(SOURCE)) return undefined;
      const text = `Found import('${path}'), expected the import() of a module here that imports the package`;
      return { errors: [{ text }] };
    });
  },
};

const { outputFiles } = await build({
  entryPoints: ENTRIES.map((entry) => resolve(SOURCE, entry)),
  outdir: OUTPUT,
  entryNames: '[name]',
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // In a bundle every constant of a module is a variable, but for those whose value is written in its place.
  minifySyntax: true,
  external: APART,
  plugins: [noLatePackages],
  // Packages in the older format of modules ask for Node's own ones by require().
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  write: false,
});
await mkdir(OUTPUT, { recursive: true });
for (const { path, contents } of outputFiles) await put(path, contents);
await prune(new Set(outputFiles.map(({ path }) => path)));

/** Nothing is touched that is as it should be: processes may be starting from it. The time tells when it was built last. */
async function put(path: string, contents: Uint8Array): Promise<void> {
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(contents) !== true) {
    const whole = `${path}.${String(process.pid)}`;
    await writeFile(whole, contents);
    await rename(whole, path);
  }
  const now = new Date();
  await utimes(path, now, now);
}

/** Chunks of earlier builds stay for a while: processes that run since then may still load them. */
async function prune(current: ReadonlySet<string>): Promise<void> {
  const oldest = Date.now() - KEPT_MS;
  for (const entry of await readdir(OUTPUT)) {
    const path = join(OUTPUT, entry);
    if (!current.has(path) && (await stat(path)).mtimeMs < oldest) await rm(path, { recursive: true });
  }
}
