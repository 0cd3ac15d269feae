import type { Engine, EngineOperation, EngineOperations, RequestContext } from '../engine/ports/engine.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Links } from './links.ts';

/** How long a subscriber waits for the other engines to learn what it wants. */
const INTEREST_PATIENCE_MS = 250;

/** An active engine with its links: a Subscribe is answered when the engines within reach know of it. */
export class LinkedEngine implements Engine {
  readonly name: EngineName;
  readonly #engine: Engine;
  readonly #links: Links;

  constructor(engine: Engine, links: Links) {
    this.name = engine.name;
    this.#engine = engine;
    this.#links = links;
  }

  execute<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
    context: RequestContext,
  ): Promise<EngineOperations[O]['reply']> {
    const reply = this.#engine.execute(operation, request, context);
    return operation === 'subscribe' ? this.#whenTold(reply) : reply;
  }

  async #whenTold<R>(reply: Promise<R>): Promise<R> {
    await reply;
    await this.#links.interestTold(INTEREST_PATIENCE_MS);
    return reply;
  }
}
