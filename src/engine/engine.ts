import type { CancelSignal } from '../kernel/cancellation.ts';
import { messageOf } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import { restore } from './activation.ts';
import { allCursors } from './all-cursors.ts';
import type { BacklogLimits } from './backlog/backlog-limits.ts';
import type { BacklogCounters } from './backlog/backlogs.ts';
import type { Cursor } from './cursor.ts';
import { callerGone, type Progress } from './life.ts';
import { DeadLetterDesk } from './giving-up.ts';
import { Links } from './links/links.ts';
import { Maintenance } from './maintenance.ts';
import { aliveRecord, prolong } from './outage.ts';
import { assemble, type Conclude, type EngineOptions, type Parts, type Source } from './parts.ts';
import type { Engine, EngineOperation, EngineOperations, RequestContext } from './ports/engine.ts';
import type { LinkOutlet } from './ports/link-outlet.ts';
import type { Outbox } from './ports/outbox.ts';
import type { ProducerOutlet } from './ports/remote-producers.ts';
import type { KeyedRecord, WriteBatch } from './ports/engine-store.ts';
import { Producing } from './producer-outlet.ts';
import { Publishing } from './publishing.ts';
import { Pulling } from './pulling.ts';
import { Pushes } from './pushes.ts';
import { Registering } from './registering.ts';
import { sourceId } from './registrations.ts';
import { Resources } from './resources.ts';
import { meetPeers } from './links/stored-links.ts';
import { Subscribing } from './subscribing.ts';
import { Synchronizing } from './synchronizing.ts';

export type { EngineOptions } from './parts.ts';

/** One function per operation. What it concludes is on the disk before it resolves. */
type Operations = {
  readonly [O in EngineOperation]: (
    request: EngineOperations[O]['request'],
    conclude: Conclude,
    signal?: CancelSignal,
  ) => Promise<EngineOperations[O]['reply']>;
};

/**
 * Operations that only read, that know a repetition by its content, or that may as well be done again: who renews gets what he asks
 * for, counted from the last time (docs/adr/0032-what-a-relayed-request-costs.md).
 */
const NOT_REMEMBERED: ReadonlySet<EngineOperation> = new Set([
  'currentMessage',
  'acceptLink',
  'learnInterest',
  'describe',
  'topics',
  'deadLetters',
  'deadLetter',
  'renew',
]);

/**
 * A messaging engine during one tenure: one log, and a cursor for each who reads it.
 *
 * Nothing takes effect in memory, is delivered or answered before the store has it on the disk. When the tenure ends, or
 * the store can no longer be trusted, the engine ends as a whole; the next tenure makes a new one from the store.
 */
export class MessagingEngine implements Engine {
  readonly name: EngineName;
  /** What is to be pushed to consumers. */
  readonly outbox: Outbox;
  /** What is to be forwarded to peers, and what is wanted from them. */
  readonly links: LinkOutlet;
  /** What is to be subscribed to at others. */
  readonly producers: ProducerOutlet;
  readonly #parts: Parts;
  readonly #sources: readonly Source[];
  readonly #pushes: Pushes;
  readonly #links: Links;
  readonly #pulling: Pulling;
  readonly #operations: Operations;
  readonly #background: Promise<void>[] = [];
  #starting: Promise<void> | undefined;
  #draining: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.name = options.name;
    this.#parts = assemble(options);
    this.#sources = options.sources ?? [];
    this.#pushes = new Pushes(this.#parts);
    this.#links = new Links(this.#parts);
    this.outbox = this.#pushes;
    this.links = this.#links;
    this.producers = new Producing(this.#parts);
    this.#pulling = new Pulling(this.#parts);
    this.#operations = operationsOf(this.#parts, this.#pulling);
  }

  /**
   * Loads the state and reads the end of the log again. Resolves when requests are taken; cursors that are far behind
   * catch up while the engine serves. Rejects with InfrastructureError when the tenure ends first.
   */
  async start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Refuses new requests and claims from now on (`engine-not-here`, processed: no), waits until those in flight are
   * answered and settled or `deadline` aborts, and writes the cursors. Never rejects.
   */
  async drain(deadline: AbortSignal): Promise<void> {
    this.#draining ??= this.#drain(deadline);
    return this.#draining;
  }

  /** Ends the engine at once; who waits gets `shutting-down`. The store stays open: it is its owner's. Idempotent. */
  async stop(): Promise<void> {
    this.#parts.life.end('shutting-down');
    await this.#starting?.catch(() => undefined);
    await Promise.all(this.#background);
  }

  /** Engines of the topology, this one too or not: takes up links to those that are new, with what the store knows of them. */
  meet(peers: readonly EngineName[]): void {
    meetPeers(this.#parts, peers);
  }

  execute<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
    context: RequestContext,
  ): Promise<EngineOperations[O]['reply']> {
    const perform = (progress: Progress) => this.#perform(operation, request, context, progress);
    return this.#parts.life.answer(perform, context.signal);
  }

  async #start(): Promise<void> {
    const { life, store, catchUp, log, limits, logger } = this.#parts;
    life.starting();
    const progress = { isSubmitted: false };
    try {
      await life.outcome(restore(this.#parts, await life.outcome(store.load(), progress)), progress);
      this.#pushes.begin();
      this.#openSources();
      await life.outcome(prolong(this.#parts), progress);
      const cursors = [...allCursors(this.#parts)];
      const near = cursors.filter((cursor) => log.head - cursor.scanned(log.head) <= limits.nearRecords);
      const far = cursors.filter((cursor) => log.head - cursor.scanned(log.head) > limits.nearRecords);
      await life.outcome(catchUp.pass(near), progress);
      life.running();
      this.#background.push(this.#catchUpLater(far), new Maintenance(this.#parts).run());
      logger.info('Engine active', {
        subscriptions: this.#parts.subscriptions.size,
        head: log.head,
        behind: far.length,
      });
    } catch (error) {
      const translated = life.translate(error);
      life.end('shutting-down');
      throw translated;
    }
    this.#pushes.announceAll();
    this.#links.announceAll();
  }

  /** What limits have done to the backlogs, and how long the log is. */
  backlogCounters(): BacklogCounters {
    return this.#parts.backlogs.counters();
  }

  /** Other limits of the backlogs from now on. */
  setBacklogLimits(limits: BacklogLimits): void {
    this.#parts.backlogs.setLimits(limits);
  }

  /** A source is a registration that nobody made, and so nobody can end. */
  #openSources(): void {
    const { registrations, clock } = this.#parts;
    for (const { name, kind, lifetimeMs, registration } of this.#sources) {
      const id = sourceId(name);
      const remote = registrations.takeRemote(id);
      const source = { name, kind, lifetimeMs };
      const lifetime = { creationTime: clock.now(), terminationTime: null };
      registrations.add({ id, registration, matchers: [], ...lifetime, source, remote, isEnded: false });
    }
  }

  async #catchUpLater(cursors: readonly Cursor[]): Promise<void> {
    const { catchUp, life, logger } = this.#parts;
    try {
      await catchUp.pass(cursors);
      this.#parts.backlogs.recountAll();
    } catch (error) {
      life.translate(error);
      for (const cursor of cursors) cursor.leavePass();
      logger.warn('Cannot read the log for those that are behind; each reads for itself', { error: messageOf(error) });
      this.#pushes.announceAll();
      this.#links.announceAll();
    }
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    const { life, writer, logger, current } = this.#parts;
    life.draining();
    this.#pulling.releaseWaiting();
    await life.quiet(deadline);
    if (life.hasEnded) return;
    try {
      current.writeLater();
      const alive = { put: [aliveRecord(this.#parts.clock.now())] };
      await life.outcome(
        writer.commit(alive, () => undefined),
        { isSubmitted: true },
        deadline,
      );
      await life.outcome(writer.flush(), { isSubmitted: true }, deadline);
    } catch (error) {
      logger.warn('Cannot write the positions; some messages will be sent again', { error: messageOf(error) });
    }
  }

  #perform<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
    context: RequestContext,
    progress: Progress,
  ): Promise<EngineOperations[O]['reply']> {
    const perform = this.#operations[operation];
    if (context.requestId === '' || NOT_REMEMBERED.has(operation)) {
      return perform(request, this.#concluding(context, progress, undefined), context.signal);
    }
    const { requests, clock } = this.#parts;
    const key = requests.keyOf(operation, context, contentOf(request));
    const conclude = this.#concluding(context, progress, key);
    const work = () => perform(request, conclude, context.signal);
    // Somebody else's commit may be waited for: what happened to it is not known here.
    if (requests.isUnderWay(key)) progress.isSubmitted = true;
    const reply = requests.once(key, clock.now(), work);
    return reply as Promise<EngineOperations[O]['reply']>;
  }

  /** Commits a plan, with the reply under `key` if there is one. */
  #concluding({ signal }: RequestContext, progress: Progress, key: string | undefined): Conclude {
    const { writer, requests, clock } = this.#parts;
    return ({ batch, reply, apply }) => {
      if (signal?.aborted === true) return Promise.reject(callerGone('no'));
      const at = clock.now();
      const record = key === undefined ? undefined : requests.record(key, reply, at);
      const whole = record === undefined ? batch : withRecord(batch, record);
      const applyAll = () => {
        apply?.();
        if (record !== undefined) requests.remember(record, at, Object.keys(reply).length > 0);
        return reply;
      };
      const onRefused = (): void => {
        progress.isSubmitted = false;
      };
      const committed = writer.commit(whole, applyAll, { at, onRefused });
      progress.isSubmitted = true;
      return committed;
    };
  }
}

/** Named one by one: of objects that are spread, V8 makes one of a class of its own each time. */
function withRecord(batch: WriteBatch, record: KeyedRecord): WriteBatch {
  const { append, put = [], remove, cursors, removeCursors, trimBelow, forgetRequestsBefore } = batch;
  return { append, put: [...put, record], remove, cursors, removeCursors, trimBelow, forgetRequestsBefore };
}

/** What makes a request the same request when it comes again: not how long it may still wait. */
function contentOf(request: object): object {
  return 'waitMs' in request ? { ...request, waitMs: 0 } : request;
}

function operationsOf(parts: Parts, pulling: Pulling): Operations {
  const subscribing = new Subscribing(parts);
  const publishing = new Publishing(parts);
  const registering = new Registering(parts);
  const synchronizing = new Synchronizing(parts, subscribing);
  const desk = new DeadLetterDesk(parts);
  const resources = new Resources(parts, { subscribing, pulling, registering });
  return {
    subscribe: (request, conclude) => subscribing.subscribe(request, conclude),
    renew: (request, conclude) => subscribing.renew(request, conclude),
    unsubscribe: (request, conclude) => subscribing.unsubscribe(request, conclude),
    pause: (request, conclude) => subscribing.pause(request, conclude),
    resume: (request, conclude) => subscribing.resume(request, conclude),
    synchronize: (request, conclude) => synchronizing.synchronize(request, conclude),
    createPullPoint: (request, conclude) => pulling.createPullPoint(request, conclude),
    getMessages: (request, conclude) => pulling.getMessages(request, conclude),
    pullMessages: (request, conclude, signal) => pulling.pullMessages(request, conclude, signal),
    destroyPullPoint: (request, conclude) => pulling.destroyPullPoint(request, conclude),
    registerPublisher: (request, conclude) => registering.registerPublisher(request, conclude),
    destroyRegistration: (request, conclude) => registering.destroyRegistration(request, conclude),
    modifyRegistration: (request, conclude) => registering.modifyRegistration(request, conclude),
    describe: (request) => resources.describe(request),
    destroy: (request, conclude) => resources.destroy(request, conclude),
    setTermination: (request, conclude) => resources.setTermination(request, conclude),
    notify: (request, conclude) => publishing.notify(request, conclude),
    topics: () => publishing.topics(),
    currentMessage: (request) => publishing.currentMessage(request),
    acceptLink: (request, conclude) => publishing.acceptLink(request, conclude),
    learnInterest: (request, conclude) => publishing.learnInterest(request, conclude),
    deadLetters: (request) => desk.list(request),
    deadLetter: (request) => desk.show(request),
    redeliverDeadLetters: (request, conclude) => desk.redeliver(request, conclude),
    dropDeadLetters: (request, conclude) => desk.drop(request, conclude),
  };
}
