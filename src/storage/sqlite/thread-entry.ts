import { Worker } from 'node:worker_threads';

/** Starts the thread of an engine's database, from the compiled file or, when run from source, from the source. */
export function startWorker(): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './worker.ts' : './worker.js', import.meta.url);
  if (!isSource || readsTypeScript()) return new Worker(entry);
  // Node 20 has no TypeScript of its own, and threads do not inherit the loader of whoever runs the source.
  const boot = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then((tsx) => {
    tsx.register();
    return import(${JSON.stringify(entry.href)});
  })`;
  return new Worker(boot, { eval: true });
}

function readsTypeScript(): boolean {
  return 'typescript' in process.features && Boolean(process.features.typescript);
}
