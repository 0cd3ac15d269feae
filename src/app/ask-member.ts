import { systemClock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { silentLogger } from '../kernel/log.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { ServerSpec } from '../topology/model.ts';
import { WireDialer } from '../wire/dialer.ts';

export interface MemberQuestion {
  readonly server: ServerSpec;
  readonly secret: Uint8Array;
  /** One of the call channels of a server (channels.ts). */
  readonly channel: string;
  readonly request: unknown;
  readonly patienceMs: number;
}

/**
 * One call to one server, from a program that is no member: for the commands of operators. Rejects with
 * InfrastructureError when the server cannot be reached or does not answer in time.
 */
export async function askMember({ server, secret, channel, request, patienceMs }: MemberQuestion): Promise<unknown> {
  using deadline = new Deadline(patienceMs);
  const { signal } = deadline;
  const dialer = new WireDialer({
    name: `operator-${process.pid}`,
    role: 'tool',
    expect: server.name,
    secret,
    address: server.wire,
    channels: { calls: {}, news: {} },
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    await dialer.start(signal);
    await dialer.whenConnected(signal);
    return unpack(await dialer.call(channel, pack(request), { signal }));
  } finally {
    await dialer.stop(AbortSignal.abort());
  }
}
