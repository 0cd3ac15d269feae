import type { Worker } from 'node:worker_threads';
import { startThread } from '../../kernel/worker-thread.ts';

/** Starts the thread of an engine's database. */
export function startWorker(): Worker {
  return startThread('./database-worker', import.meta.url);
}
