import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';
import { builtFromSource } from './source-thread.ts';

/**
 * Starts a thread from the file of that name (without extension, such as `./xpath-worker`) beside the calling module,
 * whose `import.meta.url` is `caller`: in the built program, where all of them are beside each other, or in the source.
 */
export function startThread(name: string, caller: string, options: WorkerOptions = {}): Worker {
  if (!caller.endsWith('.ts')) return new Worker(new URL(`${name}.js`, caller), options);
  return new Worker(builtFromSource(fileURLToPath(new URL(`${name}.ts`, caller))), options);
}
