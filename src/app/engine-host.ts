import type { BusEngines } from '../bus/bus-engines.ts';
import { LinkedEngine } from '../bus/linked-engine.ts';
import { Links } from '../bus/links.ts';
import type { ActiveEngine } from '../cluster/holding.ts';
import type { Directory } from '../cluster/ports/directory.ts';
import { Deliverer } from '../delivery/deliverer.ts';
import { MessagingEngine } from '../engine/engine.ts';
import type { Source } from '../engine/parts.ts';
import type { EngineStore } from '../engine/ports/engine-store.ts';
import type { HttpSender } from '../http/sender/http-sender.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { InvariantError, messageOf, StoreBrokenError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import { assertCurrent, type Tenure } from '../kernel/tenure.ts';
import { DemandingEngine } from '../producers/demanding-engine.ts';
import { Producers } from '../producers/producers.ts';
import { viewOf, type LiveTopology } from '../topology/live.ts';
import type { SourceSpec } from '../topology/model.ts';
import type { TopicModel } from '../wsn/topics/topic-model.ts';
import type { XPath } from '../xml/xpath/xpath.ts';
import { producerProperties } from './broker-documents.ts';
import { EXIT } from './exit-codes.ts';

/** How long pushes under way may take to end before an engine moves; then they are cut, and sent again from there. */
const PUSHES_MS = 1_000;

export interface EngineHostOptions {
  readonly engine: EngineName;
  readonly server: ServerName;
  readonly live: LiveTopology;
  readonly storage: { openEngine(engine: EngineName, epoch: number): Promise<EngineStore> };
  readonly engines: BusEngines;
  readonly directory: Directory;
  readonly sender: HttpSender;
  readonly xpath: XPath;
  readonly topicModel: TopicModel;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onActive: (epoch: number) => void;
  /** The engine cannot go on and this process must end, with this code. */
  readonly onBroken: (exitCode: number) => void;
}

/** Runs an engine with its delivery and its links for the length of a tenure. */
export class EngineHost {
  readonly #options: EngineHostOptions;

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  /** Opens the store, loads the engine, and announces it when it serves. */
  async activate(tenure: Tenure): Promise<ActiveEngine> {
    const { engine: name, storage } = this.#options;
    const store = await storage.openEngine(name, tenure.epoch);
    try {
      return await this.#run(tenure, store);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #run(tenure: Tenure, store: EngineStore): Promise<ActiveEngine> {
    const { engine: name, server, engines, directory, clock, logger, onActive } = this.#options;
    const engine = this.#createEngine(tenure, store);
    await engine.start();
    // Lost while loading: nobody may hear that it serves.
    assertCurrent(tenure, 'no');
    // Links and delivery end earlier than the tenure when the engine is handed over.
    const working = new AbortController();
    const signal = AbortSignal.any([tenure.signal, working.signal]);
    const links = new Links({ outlet: engine.links, engines, directory, clock, logger, signal });
    const deliverer = this.#createDeliverer(engine, tenure);
    const producers = this.#createProducers(engine, tenure);
    const withdraw = engines.add(new LinkedEngine(new DemandingEngine(engine, producers), links));
    deliverer.start();
    await producers.start(signal);
    links.start();
    this.#follow(engine, links, signal);
    directory.learn({ engine: name, server, epoch: tenure.epoch, state: 'active' });
    onActive(tenure.epoch);
    tenure.signal.addEventListener('abort', withdraw, { once: true });
    return {
      drain: async (deadline) => {
        // While pushes come to their end the engine still serves: a slow consumer costs the clients no pause.
        using pushes = new Deadline(PUSHES_MS, deadline);
        await deliverer.stop(pushes.signal);
        directory.learn({ engine: name, server, epoch: tenure.epoch, state: 'moving' });
        withdraw();
        working.abort();
        await Promise.all([engine.drain(deadline), producers.stop(deadline), links.ended()]);
      },
      stop: async () => {
        withdraw();
        working.abort();
        await Promise.all([deliverer.stop(), producers.stop(), links.ended()]);
        await engine.stop();
        await store.close();
      },
    };
  }

  /** Takes up what changes in the topology while the engine runs and is not read at each use. */
  #follow(engine: MessagingEngine, links: Links, signal: AbortSignal): void {
    const { live, engines } = this.#options;
    const adopt = (): void => {
      engine.meet(engines.names());
      engine.setBacklogLimits(live.current.backlog);
      links.meet();
    };
    live.onChange(adopt, signal);
    // It may have changed while the engine was loaded.
    adopt();
  }

  #createEngine(tenure: Tenure, store: EngineStore): MessagingEngine {
    const { engine: name, engines, live, xpath, topicModel, clock, logger } = this.#options;
    const { sources, backlog } = live.current;
    const conduct = viewOf(() => live.current.conduct);
    return new MessagingEngine({
      ...{ name, store, tenure, clock, logger, xpath, topicModel, conduct, backlog },
      peers: engines.names().filter((peer) => peer !== name),
      sources: sources.filter(({ engine }) => engine === name).map(sourceOf),
      properties: (topics) => producerProperties(topics, conduct),
      onFailure: (error) => this.#reportFailure(error),
    });
  }

  #createProducers(engine: MessagingEngine, tenure: Tenure): Producers {
    const { live, sender, clock, logger } = this.#options;
    const { publicUrl } = live.current;
    const times = viewOf(() => live.current.delivery);
    return new Producers({
      ...{ outlet: engine.producers, sender, tenure, clock, logger, publicUrl, times },
      publish: async (resource, messages) => {
        await engine.execute('notify', { messages, resource }, { requestId: '' });
      },
    });
  }

  #createDeliverer(engine: MessagingEngine, tenure: Tenure): Deliverer {
    const { engine: name, live, sender, clock, logger } = this.#options;
    const { publicUrl } = live.current;
    const times = viewOf(() => live.current.delivery);
    return new Deliverer({ engine: name, outbox: engine.outbox, sender, tenure, clock, logger, publicUrl, times });
  }

  #reportFailure(error: unknown): void {
    const { logger, onBroken } = this.#options;
    if (error instanceof StoreBrokenError) {
      logger.error('The store can no longer be trusted', { error: error.message });
      onBroken(EXIT.storeBroken);
    } else if (error instanceof InvariantError) {
      logger.error('An invariant does not hold', { error: error.message, stack: error.stack });
      onBroken(EXIT.invariant);
    } else {
      logger.warn('The engine has ended', { error: messageOf(error) });
    }
  }
}

function sourceOf({ name, kind, lifetimeMs, address, soapVersion, topics }: SourceSpec): Source {
  const expressions = topics.map(({ dialect, expression, namespaces }) => ({ dialect, text: expression, namespaces }));
  const publisher = { address, referenceParameters: [] };
  return { name, kind, lifetimeMs, registration: { publisher, topics: expressions, demand: false, soapVersion } };
}
