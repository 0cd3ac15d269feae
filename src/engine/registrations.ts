import { createHash } from 'node:crypto';
import type { Logger } from '../kernel/log.ts';
import { pack } from '../kernel/packed.ts';
import type { PublisherRegistration, TopicPath } from '../wsn/messages.ts';
import type { TopicMatcher } from '../wsn/topics/topic-expression.ts';
import type { Demand } from './demand.ts';
import { Listeners } from './listeners.ts';
import type { KeyedRecord, WriteBatch } from './ports/engine-store.ts';
import type { RemoteProducer, RemoteSubscription } from './ports/remote-producers.ts';
import type { StoredRegistration, StoredRemote } from './records.ts';
import { anyOf, type Verdict } from './verdict.ts';

/** The registration of a publisher, or a source of the topology, which is one that nobody can end. */
export interface Registration {
  readonly id: string;
  registration: PublisherRegistration;
  matchers: readonly TopicMatcher[];
  readonly creationTime: number;
  terminationTime: number | null;
  readonly source?: RemoteProducer['source'];
  /** What is remembered of the subscriptions that the engine holds at the publisher. */
  remote: readonly RemoteSubscription[];
  /** It has ended; only the subscriptions at its publisher are still to be given up. */
  isEnded: boolean;
}

/** The publishers that have registered, and the sources of the topology. */
export class Registrations {
  /** Called with the id of a registration whose producer has to be looked at. */
  readonly changed: Listeners<[string]>;
  readonly #byId = new Map<string, Registration>();
  /** What is stored of producers whose registration is not there yet. */
  readonly #remote = new Map<string, readonly RemoteSubscription[]>();
  readonly #demand: Demand;
  readonly #now: () => number;

  constructor(options: { readonly demand: Demand; readonly now: () => number; readonly logger: Logger }) {
    this.#demand = options.demand;
    this.#now = options.now;
    this.changed = new Listeners(options.logger);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** All, the expired and ended included. */
  all(): Iterable<Registration> {
    return this.#byId.values();
  }

  /** The registration of that id, unless it has ended or expired. */
  find(id: string): Registration | undefined {
    const registration = this.#byId.get(id);
    if (registration === undefined || registration.isEnded || this.hasExpired(registration)) return undefined;
    return registration;
  }

  /** The registration of that id, whatever has become of it. */
  findAny(id: string): Registration | undefined {
    return this.#byId.get(id);
  }

  hasExpired({ terminationTime }: Registration): boolean {
    return terminationTime !== null && terminationTime <= this.#now();
  }

  /** What was stored of the subscriptions at a producer, to be taken by its registration. */
  loadRemote(id: string, remote: readonly RemoteSubscription[]): void {
    this.#remote.set(id, remote);
  }

  takeRemote(id: string): readonly RemoteSubscription[] {
    const remote = this.#remote.get(id) ?? [];
    this.#remote.delete(id);
    return remote;
  }

  add(registration: Registration): void {
    this.#byId.set(registration.id, registration);
    this.#offer(registration);
    this.changed.call(registration.id);
  }

  /** Its topics or its demand have changed. */
  update(registration: Registration, changed: PublisherRegistration, matchers: readonly TopicMatcher[]): void {
    registration.registration = changed;
    registration.matchers = matchers;
    this.#offer(registration);
    this.changed.call(registration.id);
  }

  /** It has ended. One with subscriptions at its publisher stays until those are given up. */
  end(registration: Registration): void {
    this.#demand.withdraw(registration.id);
    registration.isEnded = true;
    if (registration.remote.length === 0) this.#byId.delete(registration.id);
    this.changed.call(registration.id);
  }

  remove(registration: Registration): void {
    this.#demand.withdraw(registration.id);
    this.#byId.delete(registration.id);
  }

  #offer({ id, registration, matchers, isEnded }: Registration): void {
    if (registration.demand && !isEnded) this.#demand.offer(id, matchers);
    else this.#demand.withdraw(id);
  }
}

/** The id of the registration that stands for a source of the topology: the same in every tenure. */
export function sourceId(name: string): string {
  return createHash('sha256').update(`source ${name}`).digest('hex').slice(0, 32);
}

/** Whether a publisher may send on that topic: it registered it, or registered no topics at all. */
export function mayPublish({ matchers }: Registration, topic: TopicPath | undefined): Verdict {
  if (matchers.length === 0) return true;
  return topic !== undefined && anyOf(matchers.map((matcher) => matcher.matches(topic)));
}

/** The registration as it is stored, with `changes`. */
export function registrationRecord(
  { id, registration, terminationTime, creationTime, isEnded }: Registration,
  changes: Partial<StoredRegistration> = {},
): KeyedRecord {
  const stored: StoredRegistration = { registration, terminationTime, creationTime, isEnded, ...changes };
  return { space: 'registration', key: id, value: pack(stored) };
}

export function remoteRecord(id: string, remote: readonly RemoteSubscription[]): KeyedRecord {
  const stored: StoredRemote = { remote };
  return { space: 'remote', key: id, value: pack(stored) };
}

/** What the end of a registration is in the store. */
export function registrationEnd(registration: Registration): WriteBatch {
  if (registration.remote.length > 0) return { put: [registrationRecord(registration, { isEnded: true })] };
  return {
    remove: [
      { space: 'registration', key: registration.id },
      { space: 'remote', key: registration.id },
    ],
  };
}
