import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';

/**
 * Starts a thread from the file of that name (without extension, such as `./worker`) beside the calling module, whose
 * `import.meta.url` is `caller`: the compiled file or, when run from source, the source.
 */
export function startThread(name: string, caller: string, options: WorkerOptions = {}): Worker {
  const isSource = caller.endsWith('.ts');
  const entry = new URL(`${name}.${isSource ? 'ts' : 'js'}`, caller);
  if (!isSource || readsTypeScript()) return new Worker(entry, options);
  // Node 20 has no TypeScript of its own, and threads do not inherit the loader of whoever runs the source.
  const boot = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then((tsx) => {
    tsx.register();
    return import(${JSON.stringify(entry.href)});
  })`;
  return new Worker(boot, { ...options, eval: true });
}

function readsTypeScript(): boolean {
  return 'typescript' in process.features && Boolean(process.features.typescript);
}
