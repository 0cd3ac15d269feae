import { InfrastructureError } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import { WsnFault } from '../wsn/faults.ts';
import { grantTermination } from '../wsn/termination-time.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations } from './ports/engine.ts';
import type { StoredSubscription } from './records.ts';
import { subscriptionRecord, subscriptionRemoval, type Subscription } from './subscriptions.ts';

type Request<O extends keyof EngineOperations> = EngineOperations[O]['request'];
type Reply<O extends keyof EngineOperations> = Promise<EngineOperations[O]['reply']>;

/** Subscribe and what is asked of a subscription later (WS-BaseNotification §4.1, §6). */
export class Subscribing {
  readonly #parts: Parts;
  /** Subscriptions whose commit is under way: they count against the limit. */
  #pending = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async subscribe(request: Request<'subscribe'>, conclude: Conclude): Reply<'subscribe'> {
    this.#assertRoom();
    this.#pending += 1;
    try {
      const { consumer } = request;
      if (consumer.kind !== 'pull') return await this.#subscribe(request, conclude);
      // Nobody may destroy the pull point meanwhile.
      return await this.#parts.turns.run(consumer.pullPoint, async () => {
        if (this.#parts.pullPoints.find(consumer.pullPoint) === undefined)
          throw unknownResource('pull point', consumer.pullPoint);
        return this.#subscribe(request, conclude);
      });
    } finally {
      this.#pending -= 1;
    }
  }

  async renew({ subscription: id, termination }: Request<'renew'>, conclude: Conclude): Reply<'renew'> {
    return this.#change(id, async (subscription) => {
      const currentTime = this.#parts.clock.now();
      const terminationTime = grantTermination(termination, currentTime, 'UnacceptableTerminationTimeFault');
      return conclude({
        batch: { put: [subscriptionRecord(subscription, { terminationTime })] },
        reply: { terminationTime, currentTime },
        apply: () => {
          subscription.terminationTime = terminationTime;
        },
      });
    });
  }

  async unsubscribe({ subscription: id }: Request<'unsubscribe'>, conclude: Conclude): Reply<'unsubscribe'> {
    return this.#change(id, async (subscription) =>
      conclude({
        batch: subscriptionRemoval([id]),
        reply: {},
        apply: () => this.#parts.subscriptions.remove(subscription),
      }),
    );
  }

  /** Succeeds on a paused subscription, too. */
  async pause({ subscription: id }: Request<'pause'>, conclude: Conclude): Reply<'pause'> {
    return this.#change(id, async (subscription) => this.#setPaused(subscription, true, conclude));
  }

  /** Succeeds on a running subscription, too (WS-BaseNotification §6.2.2: no change occurs). */
  async resume({ subscription: id }: Request<'resume'>, conclude: Conclude): Reply<'resume'> {
    return this.#change(id, async (subscription) => this.#setPaused(subscription, false, conclude));
  }

  async #subscribe({ consumer, filter, termination }: Request<'subscribe'>, conclude: Conclude): Reply<'subscribe'> {
    const { clock, log, subscriptions } = this.#parts;
    const currentTime = clock.now();
    const terminationTime = grantTermination(termination, currentTime, 'UnacceptableInitialTerminationTimeFault');
    const id = randomId();
    // Compiling comes before conclude(): a filter that is not understood has no effect. Batches submitted before this one
    // are applied before it, so what it gets begins exactly behind the newest number given out by now.
    const stored: StoredSubscription = { consumer, filter, terminationTime, isPaused: false, since: log.assigned };
    const subscription = subscriptions.create(id, stored, log.assigned);
    return conclude({
      batch: { put: [subscriptionRecord(subscription)], cursors: [{ id, seq: log.assigned }] },
      reply: { subscription: id, terminationTime, currentTime },
      apply: () => {
        subscription.cursor.goLive();
        subscriptions.add(subscription);
      },
    });
  }

  async #setPaused(subscription: Subscription, isPaused: boolean, conclude: Conclude): Promise<Record<string, never>> {
    const batch = subscription.isPaused === isPaused ? {} : { put: [subscriptionRecord(subscription, { isPaused })] };
    return conclude({
      batch,
      reply: {},
      apply: () => {
        if (subscription.isPaused === isPaused) return;
        subscription.isPaused = isPaused;
        this.#parts.subscriptions.announce(subscription);
      },
    });
  }

  /** Does `work` with the live subscription of that id, while nobody else changes it. */
  async #change<R>(id: string, work: (subscription: Subscription) => Promise<R>): Promise<R> {
    const { turns, subscriptions } = this.#parts;
    return turns.run(id, async () => {
      const subscription = subscriptions.find(id);
      if (subscription === undefined) throw unknownResource('subscription', id);
      return work(subscription);
    });
  }

  #assertRoom(): void {
    const { subscriptions, limits } = this.#parts;
    if (subscriptions.size + this.#pending < limits.maxSubscriptions) return;
    const message = `The engine has ${subscriptions.size} subscriptions, at most ${limits.maxSubscriptions} are allowed`;
    throw new InfrastructureError('overloaded', message, { processed: 'no' });
  }
}

/** The same for ids that never were, that are another engine's, and that have ended: nobody learns which it is. */
export function unknownResource(kind: 'subscription' | 'pull point', id: string): WsnFault {
  return new WsnFault('ResourceUnknownFault', `There is no ${kind} '${id.slice(0, 64)}'`);
}
