import { parentPort, workerData } from 'node:worker_threads';
import { copyDatabase, type BackupRequest } from './backup.ts';
import { outcomeOf } from './engine-database.ts';
import { failureOf } from './failures.ts';
import type { BackupAnswer } from './engine-backup.ts';

/** The thread of one backup: a copy takes long, and must hold up neither the engine nor its commits. */
async function answer(): Promise<BackupAnswer> {
  try {
    return { manifest: await copyDatabase(workerData as BackupRequest) };
  } catch (error) {
    return { failure: outcomeOf(failureOf(error)) };
  }
}

parentPort?.postMessage(await answer());
