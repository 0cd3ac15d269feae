/**
 * `npm run build`: the program as few large files in dist/, because to find, read and compile hundreds of small ones is
 * most of what a start of a process costs (docs/adr/0023-a-bundled-program.md). Types are checked by `npm run check:types`.
 */
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const SOURCE = resolve(import.meta.dirname, '../src');
const OUTPUT = resolve(import.meta.dirname, '../dist');
/** What becomes a process or a thread; each keeps its place, seen from dist/. */
const ENTRIES = ['main.ts', 'storage/sqlite/worker.ts', 'storage/sqlite/backup-worker.ts', 'xml/xpath/worker.ts'];
/** They load files of their own: a native addon, a WebAssembly module. */
const APART = ['better-sqlite3', 'libxml2-wasm'];
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** A module that looks for files from where it is must find them from where it was: chunks lie in dist/ itself. */
const ownPlace: Plugin = {
  name: 'own-place',
  setup: (builder) => {
    builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const place = relative(SOURCE, path).replaceAll('\\', '/').replace(/\.ts$/, '.js');
      const url = `new URL(${JSON.stringify(`./${place}`)}, import.meta.url).href`;
      return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' };
    });
  },
};

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
  outbase: SOURCE,
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: APART,
  plugins: [ownPlace, noLatePackages],
  // Packages in the older format of modules ask for Node's own ones by require().
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  write: false,
});
for (const { path, contents } of outputFiles) await put(path, contents);
await prune(new Set(outputFiles.map(({ path }) => path)));

/** Nothing is touched that is as it should be: processes may be starting from it. The time tells when it was built last. */
async function put(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
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
  for (const entry of await readdir(OUTPUT, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !current.has(path) && (await stat(path)).mtimeMs < oldest) await rm(path, { force: true });
  }
}
