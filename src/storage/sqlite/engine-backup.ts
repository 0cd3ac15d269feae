import { once } from 'node:events';
import { join } from 'node:path';
import { InfrastructureError } from '../../kernel/errors.ts';
import { startThread } from '../../kernel/worker-thread.ts';
import type { BackupManifest, BackupRequest } from './backup.ts';
import type { Failure } from './protocol.ts';

/** What the thread of a backup says in the end. */
export type BackupAnswer = { readonly manifest: BackupManifest } | { readonly failure: Failure };

/**
 * Copies the database of `engine` in the store at `directory` into a new folder `target`, while the engine runs or not,
 * in a thread of its own. What was acknowledged before the call is in it. Rejects with InfrastructureError
 * `store-unavailable` that says why; what is in `target` then is of no use.
 */
export async function backUpEngine(options: {
  readonly directory: string;
  readonly engine: string;
  readonly target: string;
  readonly pointsman: string;
}): Promise<BackupManifest> {
  const { directory, engine, target, pointsman } = options;
  const workerData: BackupRequest = { source: join(directory, engine), target, pointsman };
  const worker = startThread('./backup-worker', import.meta.url, { workerData });
  const [answer] = (await once(worker, 'message')) as [BackupAnswer];
  await worker.terminate();
  if ('manifest' in answer) return answer.manifest;
  throw new InfrastructureError('store-unavailable', `Cannot back up engine "${engine}": ${answer.failure.message}`, {
    processed: 'no',
  });
}
