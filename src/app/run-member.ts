import { setMaxListeners } from 'node:events';
import { systemClock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { Deadline } from '../kernel/deadline.ts';
import { codeOf } from '../kernel/errors.ts';
import { createLogger, isLogLevel } from '../telemetry/logger.ts';
import type { ListenerHandle } from '../http/listener/listener-options.ts';
import { EXIT } from './exit-codes.ts';
import type { EventSink } from './member-events.ts';
import type { ProxyMemberOptions } from './proxy-member.ts';
import { clusterSecret, type Environment } from './secret.ts';
import type { ServerMemberOptions } from './server-member.ts';
import type { TopologyKeeper } from './topology-keeper.ts';

/** How long a member may take to drain. */
const DRAIN_MS = 10_000;
/** A proxy that an operator sends away may answer its last poll: by then a successor has its place. */
const LEAVING_PROXY_MS = 70_000;
/** A deposed or broken member has nothing left to do in order. */
const FAILED_STOP_MS = 500;

export interface RunMemberOptions {
  readonly keeper: TopologyKeeper;
  readonly role: 'server' | 'proxy';
  readonly name: string;
  /** This process is a further one of that proxy. */
  readonly isWorker: boolean;
  /** The program's entry file, for the workers of a proxy. */
  readonly program: string;
  readonly environment: Environment;
  readonly wsdlDirectory: string;
  readonly events: EventSink;
  /** Another member has a higher version of the topology. */
  readonly onNewer: () => void;
  /** For a proxy: the listening socket that it takes over or shares, and who keeps it for the next one. */
  readonly inherited?: ListenerHandle;
  readonly onListening?: (listener: ListenerHandle) => void;
  /** Aborts: drain, with patience; whoever wants it ends what takes too long. */
  readonly leave: AbortSignal;
  /** The first aborts: drain. The second: end now. */
  readonly signal: AbortSignal;
  readonly abort: AbortSignal;
}

/** Runs one member until it is told to end or must end; resolves with the exit code. */
export async function runMember(options: RunMemberOptions): Promise<number> {
  const { keeper, role, name, isWorker, environment, wsdlDirectory, events, onNewer, leave, signal, abort } = options;
  const { live } = keeper;
  const level = environment['POINTSMAN_LOG'] ?? '';
  const fields = { [role]: name, ...(isWorker ? { worker: process.pid } : {}) };
  const logger = createLogger({ level: isLogLevel(level) ? level : 'info', fields });
  const secret = await clusterSecret(live.current.store.directory, environment);
  const left = new AbortController();
  const onLeave = (): void => left.abort();
  if (leave.aborted) onLeave();
  leave.addEventListener('abort', onLeave, { once: true });
  const onLeft = (): void => {
    logger.info('No longer in the topology: ending');
    left.abort();
  };
  const common = { live, name, isWorker, secret, clock: systemClock, logger, events, onLeave, onLeft, onNewer };
  let exitCode: number = EXIT.ok;
  const failed = new AbortController();
  const onFailed = (code: number): void => {
    exitCode = code;
    failed.abort();
  };
  const member = await createMember(options, common, { wsdlDirectory, onFailed });
  // Every component of the member listens to it.
  setMaxListeners(0, abort);
  try {
    await member.start(abort);
    await untilAborted(AbortSignal.any([signal, abort, failed.signal, left.signal]));
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    const { message } = error as Error;
    logger.error('Cannot listen: the address is taken, perhaps by another topology that runs here', { error: message });
    exitCode = EXIT.unavailable;
    failed.abort();
  } finally {
    if (role === 'proxy' && !failed.signal.aborted) events({ event: 'leaving', name });
    const patienceMs = role === 'proxy' && left.signal.aborted ? LEAVING_PROXY_MS : DRAIN_MS;
    const deadlineMs = failed.signal.aborted ? FAILED_STOP_MS : patienceMs;
    using deadline = new Deadline(deadlineMs, abort);
    await member.stop(deadline.signal);
  }
  return exitCode;
}

/** Loads all that a member may need, so that becoming one takes no time. */
export async function loadEverything(): Promise<void> {
  await Promise.all([
    import('./server-member.ts'),
    import('./topic-documents.ts'),
    import('./proxy-member.ts'),
    import('./proxy-workers.ts'),
    import('../admin/app.ts'),
  ]);
}

/** Loads only what the role needs. */
async function createMember(
  options: RunMemberOptions,
  common: ProxyMemberOptions,
  ofServer: Pick<ServerMemberOptions, 'wsdlDirectory' | 'onFailed'>,
): Promise<Component> {
  if (options.role === 'proxy') return createProxy(options, common);
  const { ServerMember } = await import('./server-member.ts');
  const { loadTopicModel } = await import('./topic-documents.ts');
  return new ServerMember({ ...common, ...ofServer, topicModel: loadTopicModel(common.live.current.topics) });
}

/** A proxy with its workers, or one of those. */
async function createProxy(options: RunMemberOptions, common: ProxyMemberOptions): Promise<Component> {
  const { keeper, name, isWorker, program, environment, inherited, onListening } = options;
  const { ProxyMember } = await import('./proxy-member.ts');
  const door = inherited === undefined ? {} : { inherited };
  if (isWorker) return new ProxyMember({ ...common, ...door });
  const { ProxyWorkers } = await import('./proxy-workers.ts');
  const { clock, logger } = common;
  const workers = new ProxyWorkers({ keeper, name, program, environment, clock, logger, leavingMs: LEAVING_PROXY_MS });
  const onOpen = (listener: ListenerHandle): void => {
    onListening?.(listener);
    workers.start(listener);
  };
  const proxy = new ProxyMember({ ...common, ...door, onListening: onOpen });
  return {
    start: (signal) => proxy.start(signal),
    stop: async (deadline) => {
      await Promise.all([workers.stop(deadline), proxy.stop(deadline)]);
    },
  };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
