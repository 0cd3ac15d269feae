import { Deadline } from '../kernel/deadline.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { WireChannels } from '../wire/channels.ts';
import type { WireMember } from '../wire/listener.ts';
import {
  DRAIN_CHANNEL,
  HANDOVER_CHANNEL,
  LEAVE_CHANNEL,
  MOVE_CHANNEL,
  PREPARE_CHANNEL,
  PROXIES_CHANNEL,
  TAKE_CHANNEL,
  type DrainRequest,
  type EngineRequest,
  type HandoverRequest,
  type ProxiesAnswer,
  type ProxiesRequest,
} from './channels.ts';
import type { Moves } from './moves.ts';

/** A proxy that does not answer within this time is not there. */
const PROXY_MS = 1_000;

/** What a server does at the wish of operators and of the other servers: engines move, members leave. */
export function operatorCalls(options: {
  readonly moves: () => Moves;
  /** Who is connected to this server. */
  readonly members: () => readonly WireMember[];
  /** This process shall drain and end. */
  readonly leave: () => void;
}): WireChannels['calls'] {
  const { moves, members, leave } = options;
  return {
    [HANDOVER_CHANNEL]: async (payload) => pack(await moves().handOver(unpack(payload) as HandoverRequest)),
    [PREPARE_CHANNEL]: (payload) => Promise.resolve(pack(moves().readiness(unpack(payload) as EngineRequest))),
    [TAKE_CHANNEL]: (payload) => {
      moves().take(unpack(payload) as EngineRequest);
      return Promise.resolve(pack({}));
    },
    [MOVE_CHANNEL]: async (payload) => pack(await moves().move(unpack(payload) as HandoverRequest)),
    [DRAIN_CHANNEL]: async (payload) => pack(await moves().drain(unpack(payload) as DrainRequest)),
    ...leaveCall(leave),
    [PROXIES_CHANNEL]: async (payload) => pack(await askProxies(members(), unpack(payload) as ProxiesRequest)),
  };
}

/** Answers LEAVE_CHANNEL: with the process id, and without waiting for the end. */
export function leaveCall(leave: () => void): WireChannels['calls'] {
  return {
    [LEAVE_CHANNEL]: (payload) => {
      const { isLeaving = true } = unpack(payload) as { readonly isLeaving?: boolean };
      if (isLeaving) leave();
      return Promise.resolve(pack({ pid: process.pid }));
    },
  };
}

async function askProxies(members: readonly WireMember[], { leave }: ProxiesRequest): Promise<ProxiesAnswer> {
  const proxies = members.filter(({ role }) => role === 'proxy');
  if (leave !== undefined && !proxies.some(({ name }) => name === leave)) {
    throw new InfrastructureError('unreachable', `Proxy "${leave}" is not connected`, { processed: 'no' });
  }
  const answers = await Promise.all(
    proxies.map(async (proxy) => {
      using deadline = new Deadline(PROXY_MS);
      const request = pack({ isLeaving: proxy.name === leave });
      const answer = await proxy.call(LEAVE_CHANNEL, request, { signal: deadline.signal }).catch(() => undefined);
      if (answer === undefined) return [];
      return [{ name: proxy.name, pid: (unpack(answer) as { readonly pid: number }).pid }];
    }),
  );
  return { proxies: answers.flat() };
}
