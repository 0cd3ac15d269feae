import { systemClock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { silentLogger } from '../kernel/log.ts';
import { unpack } from '../kernel/packed.ts';
import type { Topology } from '../topology/model.ts';
import { WireDialer } from '../wire/dialer.ts';
import { STATUS_CHANNEL, type ServerStatus } from './channels.ts';
import { clusterSecret, type Environment } from './secret.ts';

const PATIENCE_MS = 2_000;

/** What a member said of itself; `isUp` false: it could not be asked. */
export type MemberStatus = ({ readonly isUp: true } & ServerStatus) | { readonly isUp: false; readonly server: string };

/** Asks every server of the topology how it is, over the wire. */
export async function askStatus(topology: Topology, environment: Environment): Promise<readonly MemberStatus[]> {
  const secret = await clusterSecret(topology.store.directory, environment);
  return Promise.all(
    topology.servers.map(async ({ name: expect, wire: address }): Promise<MemberStatus> => {
      using deadline = new Deadline(PATIENCE_MS);
      const { signal } = deadline;
      const dialer = new WireDialer({
        name: `status-${process.pid}`,
        role: 'tool',
        expect,
        secret,
        address,
        channels: { calls: {}, news: {} },
        clock: systemClock,
        logger: silentLogger,
      });
      try {
        await dialer.start(signal);
        await dialer.whenConnected(signal);
        const answer = await dialer.call(STATUS_CHANNEL, new Uint8Array(), { signal });
        return { isUp: true, ...(unpack(answer) as ServerStatus) };
      } catch {
        return { isUp: false, server: expect };
      } finally {
        await dialer.stop(AbortSignal.abort());
      }
    }),
  );
}
