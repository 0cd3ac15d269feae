import type { EngineConduct, Source } from '../../../src/engine/parts.ts';
import type { BacklogLimits } from '../../../src/engine/backlog/backlog-limits.ts';
import type { EngineLimits } from '../../../src/engine/limits.ts';
import { MessagingEngine } from '../../../src/engine/engine.ts';
import type { EngineOperation, EngineOperations, RequestContext } from '../../../src/engine/ports/engine.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';
import type { Claim } from '../../../src/engine/ports/outbox.ts';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { Tenure } from '../../../src/kernel/tenure.ts';
import { MemoryMedium } from '../../../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../../../src/storage/memory/memory-storage.ts';
import type { Filter, Notification, RequestedTermination } from '../../../src/wsn/messages.ts';
import { CONCRETE_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import type { XPath } from '../../../src/xml/xpath/xpath.ts';
import { libxmlXPath } from '../../support/libxml-xpath.ts';
import type { TopicModel } from '../../../src/wsn/topics/topic-model.ts';
import { FaultyStore } from '../../support/faulty-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A tenure that ends when the test says so. */
export class TestTenure implements Tenure {
  readonly epoch: number;
  readonly #end = new AbortController();
  /** False: the process has been frozen for so long that the lease has run out, and nobody has told the engine yet. */
  isLeaseValid = true;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  isCurrent(): boolean {
    return this.isLeaseValid && !this.signal.aborted;
  }

  end(): void {
    this.#end.abort(new InfrastructureError('lease-lost', 'The lease was lost', { processed: 'no' }));
  }
}

/** One life of an engine. */
export interface EngineLife {
  readonly engine: MessagingEngine;
  readonly tenure: TestTenure;
  readonly store: FaultyStore;
  readonly incarnation: string;
  readonly failures: Error[];
}

/** A medium and a clock, and engines that live on them one after the other. */
export class EngineHost {
  readonly clock: ManualClock;
  readonly medium: MemoryMedium;
  readonly name: string;
  /** The other engines of the topology, for the lives that begin afterwards. */
  peers: readonly string[];
  readonly #limits: Partial<EngineLimits>;
  readonly #conduct: Partial<EngineConduct>;
  readonly #backlog: Partial<BacklogLimits>;
  readonly #sources: readonly Source[];
  readonly #xpath: XPath;
  readonly #topicModel: TopicModel | undefined;
  readonly #lives: EngineLife[] = [];
  #requests = 0;

  constructor(
    options: {
      name?: string;
      peers?: readonly string[];
      limits?: Partial<EngineLimits>;
      conduct?: Partial<EngineConduct>;
      backlog?: Partial<BacklogLimits>;
      sources?: readonly Source[];
      xpath?: XPath;
      topicModel?: TopicModel;
      clock?: ManualClock;
    } = {},
  ) {
    this.name = options.name ?? 'ME1';
    this.peers = options.peers ?? [];
    this.#limits = options.limits ?? {};
    this.#conduct = options.conduct ?? {};
    this.#backlog = options.backlog ?? {};
    this.#sources = options.sources ?? [];
    this.#xpath = options.xpath ?? libxmlXPath;
    this.#topicModel = options.topicModel;
    this.clock = options.clock ?? new ManualClock();
    this.medium = new MemoryMedium();
  }

  /** The present life. */
  get life(): EngineLife {
    const life = this.#lives.at(-1);
    if (life === undefined) throw new Error('No engine was started');
    return life;
  }

  get engine(): MessagingEngine {
    return this.life.engine;
  }

  /** Takes the lease in the next epoch, without waiting for the one before to notice. */
  async activate(): Promise<EngineLife> {
    const incarnation = `incarnation-${this.#lives.length + 1}`;
    const storage = new MemoryStorage(this.medium);
    const last = this.#lives.at(-1);
    if (last !== undefined) this.medium.loseLocks(last.incarnation);
    const lease = await storage.leases.acquire(this.name, { server: 'server1', incarnation });
    if (lease === undefined) throw new Error('The lease is not free');
    const tenure = new TestTenure(lease.epoch);
    const store = new FaultyStore(await storage.openEngine(this.name, lease.epoch));
    const failures: Error[] = [];
    const engine = new MessagingEngine({
      name: this.name,
      store,
      tenure,
      clock: this.clock,
      logger: silentLogger,
      peers: this.peers,
      limits: this.#limits,
      conduct: this.#conduct,
      backlog: this.#backlog,
      sources: this.#sources,
      ...(this.#topicModel === undefined ? {} : { topicModel: this.#topicModel }),
      xpath: this.#xpath,
      properties: () => Buffer.from('<p:Broker xmlns:p="urn:p"><p:Fixed>false</p:Fixed></p:Broker>'),
      onFailure: (error) => failures.push(error),
    });
    const life = { engine, tenure, store, incarnation, failures };
    this.#lives.push(life);
    return life;
  }

  async start(): Promise<MessagingEngine> {
    const { engine } = await this.activate();
    await engine.start();
    return engine;
  }

  /** The process dies: what is not on the disk is gone. */
  async crash(): Promise<void> {
    this.medium.kill(this.life.incarnation);
    this.life.tenure.end();
    await this.engine.stop();
  }

  async restart(): Promise<MessagingEngine> {
    await this.crash();
    return this.start();
  }

  /** The spaces of all records on the disk, but for the sign of life. */
  stored(): string[] {
    const spaces = [...this.medium.engine(this.name).records.values()].map(({ space }) => space);
    return spaces.filter((space) => space !== 'alive').sort();
  }

  async execute<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
    context: Partial<RequestContext> = {},
  ): Promise<EngineOperations[O]['reply']> {
    this.#requests += 1;
    return this.engine.execute(operation, request, { requestId: `request-${this.#requests}`, ...context });
  }

  /** Subscribes a consumer to these topics; the result is the subscription's id. */
  async subscribe(...topics: readonly string[]): Promise<string> {
    return this.subscribeUntil({ kind: 'absent' }, ...topics);
  }

  async subscribeUntil(termination: RequestedTermination, ...topics: readonly string[]): Promise<string> {
    const { subscription } = await this.execute('subscribe', {
      consumer: {
        kind: 'push',
        reference: { address: 'http://consumer/', referenceParameters: [] },
        soapVersion: '1.2',
      },
      filter: filterOf(...topics),
      termination,
    });
    return subscription;
  }

  async feed(pullPoint: string, ...topics: readonly string[]): Promise<string> {
    const { subscription } = await this.execute('subscribe', {
      consumer: { kind: 'pull', pullPoint },
      filter: filterOf(...topics),
      termination: { kind: 'absent' },
    });
    return subscription;
  }

  async notify(topic: string | undefined, ...texts: readonly string[]): Promise<void> {
    await this.execute('notify', { messages: texts.map((text) => messageOf(topic, text)) });
  }

  async claim(subscription: string, maxCount = 100, maxBytes = 1_000_000): Promise<Claim | undefined> {
    return this.engine.outbox.claim(subscription, maxCount, maxBytes);
  }

  /** Takes all that there is for a subscription, and says that it was delivered. */
  async deliver(subscription: string): Promise<string[]> {
    const texts: string[] = [];
    for (;;) {
      const claim = await this.claim(subscription);
      if (claim === undefined) return texts;
      texts.push(...textsOf(claim));
      claim.settle('delivered');
    }
  }

  async pull(pullPoint: string, maximum?: number): Promise<string[]> {
    const request = maximum === undefined ? { pullPoint } : { pullPoint, maximum };
    const { messages } = await this.execute('getMessages', request);
    return messages.map(textOf);
  }
}

/** A filter of concrete topics without namespaces; none: everything. */
export function filterOf(...topics: readonly string[]): Filter {
  return { topics: topics.map((text) => ({ dialect: CONCRETE_DIALECT, text, namespaces: {} })) };
}

export function messageOf(topic: string | undefined, text: string): Notification {
  const message = Buffer.from(text);
  return topic === undefined ? { message } : { topic, message };
}

export function textOf({ message }: { readonly message: Uint8Array }): string {
  return Buffer.from(message).toString();
}

export function textsOf(claim: Claim): string[] {
  return claim.messages.map(({ notification }) => textOf(notification));
}

/** What a promise rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`Did not fail, but gave ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

/** The name of the fault that a promise rejected with. */
export async function faultOf(promise: Promise<unknown>): Promise<string> {
  const failure = await failureOf(promise);
  if (!(failure instanceof WsnFault)) throw new Error('Not a WsnFault', { cause: failure });
  return failure.fault;
}
