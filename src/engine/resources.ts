import { grantTermination } from '../wsn/termination-time.ts';
import { endingBatch, endSubscription } from './endings.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations, ResourceDescription } from './ports/engine.ts';
import { pullPointRecord, type PullPoint } from './pull-points.ts';
import type { Pulling } from './pulling.ts';
import type { Registering } from './registering.ts';
import { registrationRecord, type Registration } from './registrations.ts';
import type { Subscribing } from './subscribing.ts';
import { subscriptionRecord, type Subscription } from './subscriptions.ts';
import { unknownResource } from './unknown-resource.ts';

type Request<O extends keyof EngineOperations> = EngineOperations[O]['request'];
type Reply<O extends keyof EngineOperations> = Promise<EngineOperations[O]['reply']>;

type Resource =
  | { readonly kind: 'subscription'; readonly one: Subscription }
  | { readonly kind: 'pull-point'; readonly one: PullPoint }
  | { readonly kind: 'registration'; readonly one: Registration };

interface Owners {
  readonly subscribing: Subscribing;
  readonly pulling: Pulling;
  readonly registering: Registering;
}

/** What can be asked of a resource whatever its kind: its properties and its lifetime (WS-ResourceLifetime). */
export class Resources {
  readonly #parts: Parts;
  readonly #owners: Owners;

  constructor(parts: Parts, owners: Owners) {
    this.#parts = parts;
    this.#owners = owners;
  }

  describe({ resource }: Request<'describe'>): Reply<'describe'> {
    const { clock } = this.#parts;
    const found = this.#find(resource);
    const { creationTime, terminationTime } = found.one;
    return Promise.resolve({
      ...this.#properties(found),
      creationTime,
      terminationTime,
      currentTime: clock.now(),
    } as ResourceDescription);
  }

  async destroy({ resource, byOperator = false }: Request<'destroy'>, conclude: Conclude): Reply<'destroy'> {
    const { subscribing, pulling, registering } = this.#owners;
    const { kind } = this.#find(resource);
    if (kind === 'pull-point') return pulling.destroyPullPoint({ pullPoint: resource }, conclude);
    if (kind === 'registration') return registering.destroyRegistration({ registration: resource }, conclude);
    if (!byOperator) return subscribing.unsubscribe({ subscription: resource }, conclude);
    return subscribing.change(resource, async (subscription) => {
      const ending = endSubscription(this.#parts, subscription, 'destroyed by the operator');
      return conclude({ batch: endingBatch([ending]), reply: {}, apply: ending.apply });
    });
  }

  async setTermination(
    { resource, termination }: Request<'setTermination'>,
    conclude: Conclude,
  ): Reply<'setTermination'> {
    const { turns, clock } = this.#parts;
    return turns.run(resource, async () => {
      const found = this.#find(resource);
      const currentTime = clock.now();
      const terminationTime = grantTermination(termination, currentTime, 'TerminationTimeChangeRejectedFault');
      return conclude({
        batch: { put: [renewedRecord(found, terminationTime)] },
        reply: { terminationTime, currentTime },
        apply: () => {
          found.one.terminationTime = terminationTime;
          if (found.kind === 'pull-point') found.one.idleMs = undefined;
        },
      });
    });
  }

  #find(id: string): Resource {
    const { subscriptions, pullPoints, registrations } = this.#parts;
    const subscription = subscriptions.find(id);
    if (subscription !== undefined) return { kind: 'subscription', one: subscription };
    const pullPoint = pullPoints.find(id);
    if (pullPoint !== undefined) return { kind: 'pull-point', one: pullPoint };
    const registration = registrations.find(id);
    if (registration !== undefined && registration.source === undefined)
      return { kind: 'registration', one: registration };
    throw unknownResource(undefined, id);
  }

  #properties(found: Resource): object {
    if (found.kind === 'pull-point') return { kind: found.kind };
    if (found.kind === 'registration') return { kind: found.kind, registration: found.one.registration };
    const { consumer, filter, isPaused } = found.one;
    return { kind: found.kind, consumer, filter, isPaused, policy: this.#parts.subscriptions.policyOf(found.one) };
  }
}

function renewedRecord(found: Resource, terminationTime: number | null) {
  if (found.kind === 'subscription') return subscriptionRecord(found.one, { terminationTime });
  if (found.kind === 'pull-point') return pullPointRecord(found.one, { terminationTime, idleMs: undefined });
  return registrationRecord(found.one, { terminationTime });
}
