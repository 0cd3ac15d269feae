import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';
import { CatchUp } from './catch-up.ts';
import { CurrentMessages } from './current-messages.ts';
import { Distribution } from './distribution.ts';
import { OwnInterest } from './interest.ts';
import { Life } from './life.ts';
import { defaultEngineLimits, type EngineLimits } from './limits.ts';
import { MessageLog } from './log.ts';
import { PeerLinks } from './peer-links.ts';
import type { EngineStore, WriteBatch } from './ports/engine-store.ts';
import { PullPoints } from './pull-points.ts';
import { RequestMemory } from './request-memory.ts';
import { Subscriptions } from './subscriptions.ts';
import { Turns } from './turns.ts';
import { Writer } from './writer.ts';

export interface EngineOptions {
  readonly name: EngineName;
  /** The engine writes it, its owner closes it (after stop()). */
  readonly store: EngineStore;
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The other engines of the topology. */
  readonly peers: readonly EngineName[];
  readonly limits?: Partial<EngineLimits>;
  /**
   * Called once when the engine cannot go on: InfrastructureError `lease-lost`, StoreBrokenError, or InvariantError. Not
   * called when the tenure's signal aborts or the engine is stopped.
   */
  readonly onFailure: (error: Error) => void;
}

/** What a request wants to have done: committed with the reply, then applied, then answered. */
export interface Plan<R extends object> {
  readonly batch: WriteBatch;
  readonly reply: R;
  readonly apply?: () => void;
}

/** Has a plan done: resolves with its reply when it is on the disk and applied. */
export type Conclude = <R extends object>(plan: Plan<R>) => Promise<R>;

/** What an engine consists of. */
export interface Parts {
  readonly name: EngineName;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: EngineStore;
  readonly life: Life;
  readonly log: MessageLog;
  readonly writer: Writer;
  readonly turns: Turns;
  readonly interest: OwnInterest;
  readonly subscriptions: Subscriptions;
  readonly pullPoints: PullPoints;
  readonly peerLinks: PeerLinks;
  readonly current: CurrentMessages;
  readonly requests: RequestMemory;
  readonly distribution: Distribution;
  readonly catchUp: CatchUp;
}

/** Puts an engine together; nothing is read, written or started. */
export function assemble({ name, store, tenure, clock, peers, onFailure, ...options }: EngineOptions): Parts {
  const limits = { ...defaultEngineLimits, ...options.limits };
  const { queueLength } = limits;
  const logger = options.logger.child({ engine: name, epoch: tenure.epoch });
  const life = new Life(tenure, onFailure);
  const log = new MessageLog(store, limits.maxCacheBytes);
  const writer = new Writer({ store, log, life, clock });
  const interest = new OwnInterest(tenure.epoch, limits.maxInterestChanges, logger);
  const subscriptions = new Subscriptions({ interest, queueLength, now: () => clock.now(), logger });
  const pullPoints = new PullPoints(queueLength);
  const peerLinks = new PeerLinks(
    peers.filter((peer) => peer !== name),
    queueLength,
    logger,
  );
  const current = new CurrentMessages(limits, (key) => writer.removeLater('current', key));
  const distribution = new Distribution({ log, subscriptions, pullPoints, peerLinks, current });
  const catchUp = new CatchUp({ log, life, route: (header, visit) => distribution.route(header, visit) });
  const core = { name, limits, clock, logger, store, life, log, writer, turns: new Turns() };
  const requests = new RequestMemory(limits);
  return { ...core, interest, subscriptions, pullPoints, peerLinks, current, requests, distribution, catchUp };
}
