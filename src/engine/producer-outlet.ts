import type { EngineName } from '../kernel/names.ts';
import type { Parts } from './parts.ts';
import type { ProducerOutlet, RemoteProducer, RemoteSubscription } from './ports/remote-producers.ts';
import { remoteRecord, type Registration } from './registrations.ts';

/** What the engine holds, or has to hold, at producers. */
export class Producing implements ProducerOutlet {
  readonly engine: EngineName;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.engine = parts.name;
    this.#parts = parts;
  }

  onChange(listener: (id: string) => void, signal: AbortSignal): void {
    const { registrations, demand } = this.#parts;
    registrations.changed.add((id) => {
      if (this.#isProducer(id)) listener(id);
    }, signal);
    demand.changed.add(listener, signal);
    for (const { id } of registrations.all()) if (this.#isProducer(id)) listener(id);
  }

  find(id: string): RemoteProducer | undefined {
    const registration = this.#parts.registrations.findAny(id);
    return registration === undefined || !this.#isProducer(id) ? undefined : this.#describe(registration);
  }

  async remember(id: string, remote: readonly RemoteSubscription[]): Promise<void> {
    const { registrations, writer, turns, life } = this.#parts;
    life.assertMayAct();
    await turns.run(id, async () => {
      const registration = registrations.findAny(id);
      if (registration === undefined) return;
      const isOver = registration.isEnded && remote.length === 0;
      const batch = isOver
        ? { remove: [{ space: 'registration', key: id } as const, { space: 'remote', key: id } as const] }
        : { put: [remoteRecord(id, remote)] };
      await writer.commit(batch, () => {
        registration.remote = remote;
        if (isOver) registrations.remove(registration);
      });
    });
  }

  /** One whose demand was taken away counts until its subscriptions are given up. */
  #isProducer(id: string): boolean {
    const registration = this.#parts.registrations.findAny(id);
    if (registration?.registration.publisher === undefined) return false;
    return registration.registration.demand || registration.source !== undefined || registration.remote.length > 0;
  }

  #describe(registration: Registration): RemoteProducer | undefined {
    const { demand, registrations } = this.#parts;
    const { id, source, remote } = registration;
    const { publisher, topics, soapVersion, demand: isOnDemand } = registration.registration;
    if (publisher === undefined) return undefined;
    const expressions = topics.length === 0 ? [undefined] : topics;
    return {
      id,
      kind: source === undefined ? 'demand' : 'source',
      address: publisher,
      soapVersion,
      topics: expressions.map((expression, index) => ({
        expression,
        isWanted: source !== undefined || demand.isWanted(id, index),
      })),
      ...(source === undefined ? {} : { source }),
      remote,
      isEnded: registration.isEnded || registrations.hasExpired(registration) || !(isOnDemand || source !== undefined),
    };
  }
}
