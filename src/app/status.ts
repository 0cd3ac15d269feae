import type { Topology } from '../topology/model.ts';
import { askMember } from './ask-member.ts';
import { STATUS_CHANNEL, type ServerStatus } from './channels.ts';
import { clusterSecret, type Environment } from './secret.ts';

const PATIENCE_MS = 2_000;

/** What a member said of itself; `isUp` false: it could not be asked. */
export type MemberStatus = ({ readonly isUp: true } & ServerStatus) | { readonly isUp: false; readonly server: string };

/** Asks every server of the topology how it is, over the wire. */
export async function askStatus(topology: Topology, environment: Environment): Promise<readonly MemberStatus[]> {
  const secret = await clusterSecret(topology.store.directory, environment);
  return Promise.all(
    topology.servers.map(async (server): Promise<MemberStatus> => {
      try {
        const question = { server, secret, channel: STATUS_CHANNEL, request: {}, patienceMs: PATIENCE_MS };
        return { isUp: true, ...((await askMember(question)) as ServerStatus) };
      } catch {
        return { isUp: false, server: server.name };
      }
    }),
  );
}
