import { join } from 'node:path';
import { messageOf } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import { backUpEngine, backUpStoppedEngine } from '../storage/sqlite/engine-backup.ts';
import type { BackupManifest } from '../storage/sqlite/backup.ts';
import { restoreEngine, type Restoration } from '../storage/sqlite/engine-restoration.ts';
import type { Topology } from '../topology/model.ts';
import { askMember } from './ask-member.ts';
import { BACKUP_CHANNEL, type BackupRequest } from './channels.ts';
import { clusterSecret, type Environment } from './secret.ts';
import { askStatus } from './status.ts';
import { VERSION } from './version.ts';

/** A copy of a large database takes its time. */
const BACKUP_PATIENCE_MS = 60 * 60_000;

/** What became of the backup of one engine. */
export interface EngineBackup {
  /** The server that it ran in; `files`: it ran nowhere. */
  readonly from: string;
  readonly folder: string;
  readonly manifest: BackupManifest;
}

/** The server's part: copies the store of an engine that runs in it. Answers with the manifest, or says why not. */
export function answerBackups(store: { readonly directory: string }, isActive: (engine: EngineName) => boolean) {
  return async (payload: Uint8Array): Promise<Uint8Array> => {
    const { engine, target } = unpack(payload) as BackupRequest;
    if (!isActive(engine)) return pack({ error: `Engine "${engine}" does not run here` });
    try {
      const { directory } = store;
      return pack({ manifest: await backUpEngine({ directory, engine, target, pointsman: VERSION }) });
    } catch (error) {
      return pack({ error: messageOf(error) });
    }
  };
}

/**
 * Copies the store of one engine into the folder of its name in `to`: by the server that it runs in, or from the files
 * when it runs nowhere. Rejects with an error that says why it cannot be done.
 */
export async function backUp(
  topology: Topology,
  environment: Environment,
  { engine, to }: { readonly engine: EngineName; readonly to: string },
): Promise<EngineBackup> {
  const folder = join(to, engine);
  const members = await askStatus(topology, environment);
  const host = members.find(
    (member) => member.isUp && member.engines.some(({ name, state }) => name === engine && state === 'active'),
  );
  const server = topology.servers.find(({ name }) => name === host?.server);
  if (server === undefined) {
    const { directory } = topology.store;
    const manifest = await backUpStoppedEngine({ directory, engine, target: folder, pointsman: VERSION });
    return { from: 'files', folder, manifest };
  }
  const secret = await clusterSecret(topology.store.directory, environment);
  const request: BackupRequest = { engine, target: folder };
  const question = { server, secret, channel: BACKUP_CHANNEL, request, patienceMs: BACKUP_PATIENCE_MS };
  const answer = (await askMember(question)) as { manifest: BackupManifest } | { error: string };
  if ('error' in answer) throw new Error(`${server.name} says: ${answer.error}`);
  return { from: server.name, folder, manifest: answer.manifest };
}

/** Puts the backup of one engine in its place. See restoreEngine(). */
export async function restore(
  topology: Topology,
  options: { readonly engine: EngineName; readonly from: string; readonly isForced: boolean },
): Promise<Restoration> {
  const { engine, from, isForced } = options;
  return restoreEngine({ directory: topology.store.directory, engine, from: join(from, engine), isForced });
}
