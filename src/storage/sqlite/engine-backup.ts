import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InfrastructureError } from '../../kernel/errors.ts';
import { startThread } from '../../kernel/worker-thread.ts';
import type { BackupManifest, BackupRequest } from './backup.ts';
import { EngineLock } from './engine-lock.ts';
import type { Failure } from './protocol.ts';

/** What the thread of a backup says in the end. */
export type BackupAnswer = { readonly manifest: BackupManifest } | { readonly failure: Failure };

export interface EngineBackupOptions {
  /** Of the store. */
  readonly directory: string;
  readonly engine: string;
  /** A new folder. */
  readonly target: string;
  /** The version of this program. */
  readonly pointsman: string;
}

/**
 * Copies the database of `engine` in the store at `directory` into a new folder `target`, while the engine runs or not,
 * in a thread of its own. What was acknowledged before the call is in it. Rejects with InfrastructureError
 * `store-unavailable` that says why; what is in `target` then is of no use.
 */
export async function backUpEngine(options: EngineBackupOptions): Promise<BackupManifest> {
  const { directory, engine, target, pointsman } = options;
  const workerData: BackupRequest = { source: join(directory, engine), target, pointsman };
  const worker = startThread('./backup-worker', import.meta.url, { workerData });
  const [answer] = (await once(worker, 'message')) as [BackupAnswer];
  await worker.terminate();
  if ('manifest' in answer) return answer.manifest;
  throw refusal(engine, answer.failure.message);
}

/** The same for an engine that runs nowhere, and keeps it from being started meanwhile. */
export async function backUpStoppedEngine(options: EngineBackupOptions): Promise<BackupManifest> {
  const { directory, engine } = options;
  const path = join(directory, engine, 'engine.lock');
  if (!existsSync(path)) throw refusal(engine, `there is no store of it in ${directory}`);
  const lock = new EngineLock(path);
  try {
    if (!(await lock.take())) throw refusal(engine, 'it is about to start or to move; try again');
    return await backUpEngine(options);
  } finally {
    lock.close();
  }
}

function refusal(engine: string, why: string): InfrastructureError {
  return new InfrastructureError('store-unavailable', `Cannot back up engine "${engine}": ${why}`, { processed: 'no' });
}
