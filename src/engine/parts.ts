import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';
import type { PauseRetention, PublisherRegistration } from '../wsn/messages.ts';
import { TopicModel } from '../wsn/topics/topic-model.ts';
import { TopicSet } from '../wsn/topics/topic-set.ts';
import type { XPath } from '../xml/xpath/xpath.ts';
import { defaultBacklogLimits, type BacklogLimits } from './backlog/backlog-limits.ts';
import { Backlogs } from './backlog/backlogs.ts';
import { CatchUp } from './catch-up.ts';
import { Contents } from './contents.ts';
import { CurrentMessages } from './current-messages.ts';
import { DeadLetters } from './dead-letters.ts';
import { Demand } from './demand.ts';
import { Distribution } from './distribution.ts';
import { OwnInterest } from './links/interest.ts';
import { Life } from './life.ts';
import { defaultEngineLimits, type EngineLimits } from './limits.ts';
import { MessageLog } from './log.ts';
import { NO_LINKS, PeerLinks, type StoredLinks } from './links/peer-links.ts';
import type { EngineStore, WriteBatch } from './ports/engine-store.ts';
import { PullPoints } from './pull-points.ts';
import { Registrations } from './registrations.ts';
import { RequestMemory } from './request-memory.ts';
import { Retries } from './retries.ts';
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
  readonly conduct?: Partial<EngineConduct>;
  readonly backlog?: Partial<BacklogLimits>;
  readonly xpath: XPath;
  /** Which topics there may be; default: any. */
  readonly topicModel?: TopicModel;
  /** Writes the property document of the broker, for ProducerProperties filters. */
  readonly properties: (topics: TopicSet) => Uint8Array;
  /** The producers of the topology that this engine subscribes to. */
  readonly sources?: readonly Source[];
  /**
   * Called once when the engine cannot go on: InfrastructureError `lease-lost`, StoreBrokenError, or InvariantError. Not
   * called when the tenure's signal aborts or the engine is stopped.
   */
  readonly onFailure: (error: Error) => void;
}

/** What the topology says about how the engine serves. Members are read at each use, so they may change; not `pauseRetention`. */
export interface EngineConduct {
  readonly requiresRegistration: boolean;
  /** A Renew this long after the end of a subscription still succeeds. */
  readonly renewGraceMs: number;
  readonly pauseRetention: PauseRetention;
  /** How long a pull point lives that nobody pulls from; null: until it is destroyed. */
  readonly pullPointLifetimeMs: number | null;
}

const defaultEngineConduct: EngineConduct = {
  requiresRegistration: false,
  renewGraceMs: 10_000,
  pauseRetention: 'all',
  pullPointLifetimeMs: null,
};

const OPEN_MODEL = new TopicModel({ fixed: false, namespaces: [], permanent: [] });

/** A producer of the topology that the engine subscribes to. */
export interface Source {
  readonly name: string;
  readonly kind: 'wsn' | 'onvif';
  readonly lifetimeMs: number;
  readonly registration: PublisherRegistration;
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
  readonly conduct: EngineConduct;
  readonly topicModel: TopicModel;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: EngineStore;
  /** When the engine was last seen alive before this tenure, milliseconds since 1970. */
  readonly alive: { at: number | undefined };
  readonly life: Life;
  readonly log: MessageLog;
  readonly writer: Writer;
  readonly turns: Turns;
  readonly topicSet: TopicSet;
  readonly demand: Demand;
  readonly contents: Contents;
  readonly interest: OwnInterest;
  readonly subscriptions: Subscriptions;
  readonly pullPoints: PullPoints;
  readonly registrations: Registrations;
  readonly peerLinks: PeerLinks;
  /** What the store holds of links to engines that are not in the topology (any more). */
  readonly absentees: { links: StoredLinks };
  readonly current: CurrentMessages;
  readonly requests: RequestMemory;
  readonly retries: Retries;
  readonly deadLetters: DeadLetters;
  readonly distribution: Distribution;
  readonly catchUp: CatchUp;
  readonly backlogs: Backlogs;
}

/** Read anew at each use: the topology may change while the engine runs. */
function conductOver(given: Partial<EngineConduct>): EngineConduct {
  const read = <Key extends keyof EngineConduct>(key: Key): EngineConduct[Key] =>
    given[key] ?? defaultEngineConduct[key];
  return {
    get requiresRegistration() {
      return read('requiresRegistration');
    },
    get renewGraceMs() {
      return read('renewGraceMs');
    },
    get pauseRetention() {
      return read('pauseRetention');
    },
    get pullPointLifetimeMs() {
      return read('pullPointLifetimeMs');
    },
  };
}

/** Puts an engine together; nothing is read, written or started. */
export function assemble({ name, store, tenure, clock, peers, onFailure, xpath, ...options }: EngineOptions): Parts {
  const limits = { ...defaultEngineLimits, ...options.limits };
  const conduct = conductOver(options.conduct ?? {});
  const topicModel = options.topicModel ?? OPEN_MODEL;
  const { queueLength } = limits;
  const logger = options.logger.child({ engine: name, epoch: tenure.epoch });
  const now = (): number => clock.now();
  const life = new Life(tenure, onFailure);
  const log = new MessageLog(store, limits.maxCacheBytes);
  const writer = new Writer({ store, log, life, clock });
  const demand = new Demand(logger);
  const interest = new OwnInterest(tenure.epoch, limits.maxInterestChanges, demand, logger);
  const topicSet = new TopicSet({ model: topicModel, xpath, limits: { maxTopics: limits.maxTopics } });
  const contents = new Contents({ xpath, topics: topicSet, properties: options.properties });
  const { pauseRetention } = conduct;
  const subscriptions = new Subscriptions({
    interest,
    topics: topicSet,
    contents,
    queueLength,
    pauseRetention,
    now,
    logger,
  });
  const pullPoints = new PullPoints({ queueLength, now, logger });
  const registrations = new Registrations({ demand, now, logger });
  const peerLinks = new PeerLinks(
    peers.filter((peer) => peer !== name),
    queueLength,
    logger,
  );
  const current = new CurrentMessages(limits, writer);
  const distribution = new Distribution(
    { log, subscriptions, pullPoints, peerLinks, current },
    (cursor) => backlogs.note(cursor),
    (cursor) => catchUp.askLater(cursor),
  );
  const catchUp = new CatchUp({
    ...{ log, life, clock, logger },
    route: (header, visit, onUndecided) => distribution.route(header, visit, onUndecided),
  });
  const core = {
    name,
    limits,
    conduct,
    topicModel,
    clock,
    logger,
    store,
    alive: { at: undefined },
    life,
    log,
    writer,
    turns: new Turns(),
    absentees: { links: NO_LINKS },
  };
  const resources = { topicSet, contents, demand, interest, subscriptions, pullPoints, registrations, peerLinks };
  const failures = {
    retries: new Retries({ writer, now }),
    deadLetters: new DeadLetters({ limits, writer, logger }),
  };
  const memory = { ...failures, current, requests: new RequestMemory(limits) };
  const parts = { ...core, ...resources, ...memory, distribution, catchUp };
  const backlogs = new Backlogs(parts, { ...defaultBacklogLimits, ...options.backlog });
  return { ...parts, backlogs };
}
