import { InfrastructureError } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import { WsnFault } from '../wsn/faults.ts';
import { grantTermination } from '../wsn/termination-time.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations } from './ports/engine.ts';
import type { StoredSubscription } from './records.ts';
import { pausePlan } from './pausing.ts';
import { closeSkip, isSkipped, MAX_SKIPS } from './skips.ts';
import { subscriptionRecord, subscriptionRemoval, type Subscription } from './subscriptions.ts';
import { unknownResource } from './unknown-resource.ts';

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
          throw unknownResource('pull-point', consumer.pullPoint);
        return this.#subscribe(request, conclude);
      });
    } finally {
      this.#pending -= 1;
    }
  }

  /** Succeeds for a while after the end, too: a Renew that came late finds everything that arrived meanwhile. */
  renew({ subscription: id, termination }: Request<'renew'>, conclude: Conclude): Reply<'renew'> {
    return this.#parts.turns.run(id, () => {
      const subscription = this.#parts.subscriptions.findRenewable(id);
      if (subscription === undefined || this.#isBeyondGrace(subscription)) throw unknownResource('subscription', id);
      const currentTime = this.#parts.clock.now();
      const terminationTime = grantTermination(termination, currentTime, 'UnacceptableTerminationTimeFault');
      return conclude({
        batch: { put: [subscriptionRecord(subscription, { terminationTime })] },
        reply: { terminationTime, currentTime },
        apply: () => {
          const wasExpired = this.#parts.subscriptions.hasExpired(subscription);
          subscription.terminationTime = terminationTime;
          if (wasExpired) this.#parts.subscriptions.announce(subscription);
        },
      });
    });
  }

  async unsubscribe({ subscription: id }: Request<'unsubscribe'>, conclude: Conclude): Reply<'unsubscribe'> {
    return this.change(id, async (subscription) =>
      conclude({
        batch: subscriptionRemoval([id]),
        reply: {},
        apply: () => this.#parts.subscriptions.remove(subscription),
      }),
    );
  }

  /** Succeeds on a paused subscription, too. */
  async pause({ subscription: id }: Request<'pause'>, conclude: Conclude): Reply<'pause'> {
    return this.change(id, async (subscription) => this.#pause(subscription, conclude));
  }

  /** Succeeds on a running subscription, too (WS-BaseNotification §6.2.2: no change occurs). */
  async resume({ subscription: id }: Request<'resume'>, conclude: Conclude): Reply<'resume'> {
    return this.change(id, async (subscription) => this.#resume(subscription, conclude));
  }

  async #subscribe(request: Request<'subscribe'>, conclude: Conclude): Reply<'subscribe'> {
    const { clock, log, subscriptions, topicSet } = this.#parts;
    const { consumer, filter, policy, termination } = request;
    const currentTime = clock.now();
    const terminationTime = grantTermination(termination, currentTime, 'UnacceptableInitialTerminationTimeFault');
    const id = randomId();
    // Compiling comes before conclude(): a filter that is not understood has no effect. Batches submitted before this one
    // are applied before it, so what it gets begins exactly behind the newest number given out by now.
    const stored: StoredSubscription = {
      ...{ consumer, filter, policy, terminationTime },
      ...{ creationTime: currentTime, isPaused: false, since: log.assigned },
    };
    const subscription = subscriptions.create(id, stored, log.assigned);
    filter.topics.forEach((expression) => topicSet.validate(expression));
    return conclude({
      batch: { put: [subscriptionRecord(subscription)], cursors: [{ id, seq: log.assigned }] },
      reply: { subscription: id, terminationTime, currentTime },
      apply: () => {
        subscription.cursor.goLive();
        subscriptions.add(subscription);
      },
    });
  }

  async #pause(subscription: Subscription, conclude: Conclude): Promise<Record<string, never>> {
    if (subscription.isPaused) return conclude({ batch: {}, reply: {} });
    const plan = pausePlan(this.#parts, subscription);
    if (plan === undefined) {
      throw new WsnFault('PauseFailedFault', `It was paused ${MAX_SKIPS} times while nothing could be delivered`);
    }
    return conclude({ ...plan, reply: {} });
  }

  async #resume(subscription: Subscription, conclude: Conclude): Promise<Record<string, never>> {
    const { subscriptions, log } = this.#parts;
    if (!subscription.isPaused) return conclude({ batch: {}, reply: {} });
    // What is committed now came while it was paused; what is under way counts as later.
    const through = log.head;
    subscription.cursor.coalesceAfter = undefined;
    const skips = closeSkip(subscription.skips, through, await this.#lastKept(subscription, through));
    return conclude({
      batch: { put: [subscriptionRecord(subscription, { isPaused: false, skips })] },
      reply: {},
      apply: () => {
        subscription.isPaused = false;
        subscriptions.setSkips(subscription, skips);
        const { cursor } = subscription;
        if (skips.length > 0) this.#parts.backlogs.recount(cursor);
        cursor.drop(cursor.peek(cursor.length).filter((seq) => isSkipped(skips, seq)));
        subscriptions.announce(subscription);
      },
    });
  }

  /** The last message up to `through` of those that came while the subscription was paused, if it keeps that one. */
  async #lastKept({ skips, cursor }: Subscription, through: number): Promise<number | undefined> {
    const open = skips.find((skip) => skip.through === undefined);
    if (open?.keepsLast !== true) return undefined;
    return this.#parts.catchUp.lastMatch(cursor, open.after, through);
  }

  #isBeyondGrace({ terminationTime }: Subscription): boolean {
    const { clock, conduct } = this.#parts;
    return terminationTime !== null && terminationTime + conduct.renewGraceMs <= clock.now();
  }

  /** Does `work` with the live subscription of that id, while nobody else changes it. */
  async change<R>(id: string, work: (subscription: Subscription) => Promise<R>): Promise<R> {
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
