import type { Engine, EngineOperation, EngineOperations, RequestContext } from '../engine/ports/engine.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import { WsnFault } from '../wsn/faults.ts';
import type { Producers } from './producers.ts';

/** How long a publisher on demand may take to accept the broker's first subscriptions. */
const PATIENCE_MS = 10_000;

/**
 * An active engine with the producers that it subscribes to: the registration of a publisher on demand is granted when the broker
 * has subscribed to it (WS-BrokeredNotification §4.3), and ended at once when that fails.
 */
export class DemandingEngine implements Engine {
  readonly name: EngineName;
  readonly #engine: Engine;
  readonly #producers: Pick<Producers, 'established'>;

  constructor(engine: Engine, producers: Pick<Producers, 'established'>) {
    this.name = engine.name;
    this.#engine = engine;
    this.#producers = producers;
  }

  execute<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
    context: RequestContext,
  ): Promise<EngineOperations[O]['reply']> {
    const reply = this.#engine.execute(operation, request, context);
    if (operation !== 'registerPublisher') return reply;
    const { registration } = request as EngineOperations['registerPublisher']['request'];
    return registration.demand ? this.#whenEstablished(reply) : reply;
  }

  async #whenEstablished<R>(reply: Promise<R>): Promise<R> {
    const { registration } = (await reply) as EngineOperations['registerPublisher']['reply'];
    await this.#establish(registration);
    return reply;
  }

  async #establish(id: string): Promise<void> {
    try {
      await this.#producers.established(id, PATIENCE_MS);
    } catch (error) {
      // On the way to another server: the proxy asks again there, with the same id.
      if (!(error instanceof InfrastructureError) || error.code === 'shutting-down') throw error;
      await this.#engine.execute('destroyRegistration', { registration: id }, { requestId: '' });
      throw new WsnFault('PublisherRegistrationFailedFault', error.message);
    }
  }
}
