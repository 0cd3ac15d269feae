import { setMaxListeners } from 'node:events';
import type { Claim } from '../engine/ports/outbox.ts';
import { type BackoffBounds, fullJitter } from '../kernel/backoff.ts';
import { messageOf } from '../kernel/errors.ts';
import { Passing } from '../kernel/passing.ts';
import { Recent } from '../kernel/recent.ts';
import type { Logger } from '../kernel/log.ts';
import { Alarm } from './alarm.ts';
import type { DelivererOptions, DeliveryCounters, DeliveryTiming } from './deliverer-options.ts';
import { judge } from './judgement.ts';
import { NotifyWriter } from './notify-post.ts';
import { type Failure, type Outcome, outcomeOf } from './outcome.ts';
import { attemptOf, destinationOf, newRecipient, type Recipient } from './recipient.ts';
import { type Destination, type Slot, type TryResult, type TurnLimits, type Turn, Turns } from './turns.ts';

/** A claim's messages, and their bytes as the engine counts them. */
const MAX_MESSAGES = 50;
const MAX_BYTES = 256 * 1024;
const MAX_REPLY_BYTES = 64 * 1024;
const HEADER_TIMEOUT_MS = 10_000;
const IDLE_BODY_TIMEOUT_MS = 2_000;
const MAX_IN_FLIGHT = 64;
const LIMITS: TurnLimits = { perDestination: 4, slowTogether: MAX_IN_FLIGHT / 2, slowMs: 1_000, failuresUntilOpen: 5 };
/** Addresses of which the destination is kept. */
const MAX_ADDRESSES = 4_096;
/** How long stop() lets tries under way finish when it is given no deadline. */
const STOP_GRACE_MS = 1_000;

/**
 * Sends what the engine has to push: at least once, in order, one try at a time for each subscription. Runs under the
 * engine's tenure: nothing is sent once it has ended, even if no timer of this process has told so yet.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #writer: NotifyWriter;
  readonly #turns: Turns<Recipient>;
  readonly #alarm: Alarm;
  readonly #recipients = new Passing<string, Recipient>();
  readonly #destinations = new Recent<string, string>(MAX_ADDRESSES);
  readonly #mayBegin: () => boolean;
  /** Who wait until nothing is under way. */
  readonly #waiters: (() => void)[] = [];
  #inFlight = 0;
  #isScheduled = false;
  #isPumping = false;
  /** Aborted: claims nothing more. */
  readonly #closing = new AbortController();
  /** Aborted: cuts the connections of tries under way. */
  readonly #cutting = new AbortController();
  #hasStarted = false;
  #delivered = 0;
  #failed = 0;
  #givenUp = 0;

  constructor(options: DelivererOptions) {
    const { clock, times, engine, publicUrl } = options;
    // Each try listens to it.
    setMaxListeners(2 * MAX_IN_FLIGHT, this.#cutting.signal);
    this.#options = options;
    this.#mayBegin = (): boolean => options.tenure.isCurrent();
    this.#logger = options.logger.child({ engine, epoch: options.tenure.epoch });
    this.#alarm = new Alarm(clock);
    this.#random = options.random ?? Math.random;
    this.#writer = new NotifyWriter({ engine, publicUrl });
    this.#turns = new Turns({
      limits: LIMITS,
      backoff: backoffOf(times),
      now: () => clock.monotonic(),
      random: this.#random,
    });
  }

  counters(): DeliveryCounters {
    const inFlight = this.#inFlight;
    const waiting = this.#recipients.size - inFlight;
    return { delivered: this.#delivered, failed: this.#failed, givenUp: this.#givenUp, waiting, inFlight };
  }

  /** Begins to take from the outbox. Idempotent. */
  start(): void {
    const { outbox, tenure } = this.#options;
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    if (!tenure.isCurrent()) {
      this.#cut();
      return;
    }
    tenure.signal.addEventListener('abort', () => this.#cut(), { once: true, signal: this.#cutting.signal });
    void this.#alarm.run(this.#closing.signal, () => this.#pump());
    outbox.onReady((subscription) => this.#ready(subscription), this.#closing.signal);
  }

  /**
   * Takes nothing more, lets the tries under way finish until `deadline` aborts (a second without one), then cuts them:
   * their messages stay in the outbox. Idempotent.
   */
  async stop(deadline?: AbortSignal): Promise<void> {
    this.#hasStarted = true;
    this.#closing.abort();
    const over = new AbortController();
    try {
      await Promise.race([this.#quiet(), this.#patience(over.signal, deadline)]);
    } finally {
      over.abort();
    }
    this.#cut();
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    while (this.#inFlight > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async #patience(over: AbortSignal, deadline: AbortSignal | undefined): Promise<void> {
    if (deadline === undefined) {
      await this.#options.clock.sleep(STOP_GRACE_MS, over).catch(() => undefined);
    } else if (!deadline.aborted) {
      await new Promise<void>((resolve) => {
        deadline.addEventListener('abort', () => resolve(), { once: true, signal: over });
      });
    }
  }

  #cut(): void {
    this.#closing.abort();
    this.#cutting.abort();
  }

  #ready(subscription: string): void {
    const known = this.#recipients.get(subscription);
    if (known !== undefined) {
      // One that is queued will find what is new; one that rests is tried when its back-off is over, not before.
      known.isReadyAgain ||= known.state === 'busy';
      return;
    }
    const added = newRecipient(subscription);
    this.#recipients.set(subscription, added);
    this.#queue(added);
    // All that is ready together says so before, and publishers are sent their acknowledgements.
    this.#pumpLater(setImmediate);
  }

  /** Pumps once for all who ask until then: stage by stage, as everything that many go through. */
  #pumpLater(later: (work: () => void) => unknown): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    later(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #queue(recipient: Recipient): void {
    recipient.state = 'queued';
    recipient.destination?.resting?.delete(recipient);
    this.#turns.add(recipient, recipient.destination);
  }

  /** There was nothing more to take, unless it was reported meanwhile. */
  #conclude(recipient: Recipient): void {
    if (recipient.isReadyAgain) this.#queue(recipient);
    else this.#forget(recipient);
  }

  #forget(recipient: Recipient): void {
    this.#recipients.delete(recipient.subscription);
    if (recipient.destination !== undefined) this.#turns.part(recipient.destination);
  }

  #pump(): void {
    // A turn that ends at once asks for the next one from within.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#closing.signal.aborted && this.#inFlight < MAX_IN_FLIGHT) {
      const turn = this.#turns.next();
      if (turn === undefined) break;
      this.#inFlight += 1;
      void this.#serve(turn);
    }
    this.#isPumping = false;
  }

  #served(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const resolve of this.#waiters.splice(0)) resolve();
    // All whose replies have come together are served before.
    this.#pumpLater((work) => process.nextTick(work));
  }

  /** One turn of one subscription. Never rejects. */
  async #serve({ item: recipient, slot }: Turn<Recipient>): Promise<void> {
    recipient.state = 'busy';
    recipient.isReadyAgain = false;
    let taken = slot;
    let result: TryResult = 'unused';
    let durationMs = 0;
    try {
      const most = recipient.alone === undefined ? MAX_MESSAGES : 1;
      const claimed = this.#options.outbox.claim(recipient.subscription, most, MAX_BYTES);
      const claim = claimed instanceof Promise ? await claimed : claimed;
      if (claim === undefined) {
        this.#conclude(recipient);
        return;
      }
      if (this.#hasToWait(recipient, claim)) return;
      taken ??= this.#admit(recipient, claim);
      if (taken === undefined) return;
      const startedAt = this.#options.clock.monotonic();
      const outcome = await this.#try(claim, recipient);
      durationMs = this.#options.clock.monotonic() - startedAt;
      if (outcome === undefined) return;
      result = resultOf(outcome);
      if (outcome.kind === 'failed') await this.#fail(recipient, claim, outcome);
      else this.#succeed(recipient, claim, outcome, durationMs);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      // The outbox failed, or a bug: the subscription is tried again later.
      this.#logger.warn('Cannot take from the outbox', { subscription: recipient.subscription, error });
      this.#rest(recipient, this.#options.times.firstRetryMs);
    } finally {
      if (taken !== undefined) this.#endTurn(taken, result, durationMs);
      recipient.successesSeen = recipient.destination?.successes ?? 0;
      this.#served();
    }
  }

  #endTurn(slot: Slot<Recipient>, result: TryResult, durationMs: number): void {
    const { destination } = slot;
    const probeAt = this.#turns.end(slot, result, durationMs);
    if (slot.isProbe && (result === 'succeeded' || result === 'refused')) {
      // It is back. They go one by one at first, then up to four at once: the row of the destination sees to that.
      for (const resting of destination.resting?.keys() ?? []) this.#queue(resting);
    }
    if (probeAt === undefined) return;
    this.#logger.info('Destination fails', { destination: destination.key, failures: destination.failures });
    this.#alarm.at(probeAt, () => {
      this.#turns.place(destination);
    });
  }

  /** True: its messages failed in an earlier tenure, and their pause is not over. The claim is given back. */
  #hasToWait(recipient: Recipient, claim: Claim): boolean {
    const { earlier } = claim;
    const [first] = claim.messages;
    if (earlier?.aloneThrough !== undefined) {
      recipient.alone = { through: earlier.aloneThrough, attempts: earlier.attempts };
    } else if (recipient.alone !== undefined && (first?.seq ?? 0) > recipient.alone.through) {
      recipient.alone = undefined;
    }
    if (recipient.isKnown) return false;
    recipient.isKnown = true;
    if (earlier === undefined || earlier.waitMs === 0) return false;
    recipient.destination = this.#join(claim);
    this.#rest(recipient, earlier.waitMs);
    claim.settle('failed');
    return true;
  }

  /**
   * The claim has told where the subscription leads. Without a free place there, the claim is given back and the
   * subscription waits in that destination's row, so that what waits does not hold messages in memory.
   */
  #admit(recipient: Recipient, claim: Claim): Slot<Recipient> | undefined {
    recipient.destination ??= this.#join(claim);
    const slot = this.#turns.admit(recipient.destination);
    if (slot === undefined) {
      this.#queue(recipient);
      claim.settle('failed');
    }
    return slot;
  }

  #join({ consumer }: Claim): Destination<Recipient> {
    return this.#turns.join(this.#destinations.get(consumer.address, destinationOf));
  }

  /** Undefined: not sent or cut off, because the tenure is over or this deliverer stops. */
  async #try(claim: Claim, recipient: Recipient): Promise<Outcome | undefined> {
    const { tenure, sender, times, clock } = this.#options;
    try {
      const attempt = attemptOf(claim, recipient);
      const { headers, body } = this.#writer.write(claim, { epoch: tenure.epoch, attempt });
      if (!tenure.isCurrent() || this.#closing.signal.aborted) {
        if (!tenure.isCurrent()) this.#cut();
        claim.settle('failed');
        return undefined;
      }
      const reply = await sender.post({
        url: claim.consumer.address,
        headers,
        body,
        connectTimeoutMs: times.connectTimeoutMs,
        headerTimeoutMs: HEADER_TIMEOUT_MS,
        idleBodyTimeoutMs: IDLE_BODY_TIMEOUT_MS,
        totalTimeoutMs: times.totalTimeoutMs,
        maxReplyBytes: MAX_REPLY_BYTES,
        isStatusEnough: true,
        mayRepeat: true,
        signal: this.#cutting.signal,
        mayBegin: this.#mayBegin,
      });
      return outcomeOf(reply, clock.now());
    } catch (error) {
      if (!this.#cutting.signal.aborted) return { kind: 'failed', reason: messageOf(error) };
      claim.settle('failed');
      return undefined;
    }
  }

  #succeed(recipient: Recipient, claim: Claim, outcome: Exclude<Outcome, Failure>, durationMs: number): void {
    const { events } = this.#options;
    const { subscription } = recipient;
    if (outcome.kind === 'gone') {
      this.#logger.info('Consumer is gone', { subscription });
      this.#forget(recipient);
      claim.settle('gone');
      events?.gone?.({ subscription });
      return;
    }
    this.#delivered += claim.messages.length;
    const attempt = attemptOf(claim, recipient);
    claim.settle('delivered');
    events?.delivered?.({ subscription, messages: claim.messages.length, attempt, durationMs });
    this.#conclude(recipient);
  }

  async #fail(recipient: Recipient, claim: Claim, failure: Failure): Promise<void> {
    const { events, times } = this.#options;
    const { subscription, destination } = recipient;
    const { reason } = failure;
    const { firstRetryMs, maxRetryMs } = times;
    this.#failed += 1;
    const attempt = attemptOf(claim, recipient);
    const backoffMs = fullJitter(attempt, { firstMs: firstRetryMs, maxMs: maxRetryMs }, this.#random);
    const isAlone = (destination?.successes ?? 0) > recipient.successesSeen;
    const judgement = judge({ claim, failure, attempt, isAlone, backoffMs, firstRetryMs });
    if (judgement.kind === 'give-up') {
      if (await claim.giveUp(judgement.verdict)) {
        this.#givenUp += 1;
        events?.givenUp?.({ subscription, attempts: attempt, reason });
        this.#conclude(recipient);
      } else {
        this.#rest(recipient, backoffMs);
      }
      return;
    }
    const { tries, waitMs } = judgement;
    this.#logger.debug('Delivery failed', { subscription, attempt, retryInMs: waitMs, error: reason });
    this.#rest(recipient, waitMs);
    // Who was told when to come back is not called earlier.
    if (waitMs === backoffMs && destination !== undefined) (destination.resting ??= new Passing()).set(recipient, true);
    claim.postpone(tries, waitMs);
    events?.failed?.({ subscription, attempt, reason, retryInMs: waitMs });
  }

  #rest(recipient: Recipient, ms: number): void {
    const until = this.#options.clock.monotonic() + ms;
    recipient.state = 'resting';
    recipient.restsUntil = until;
    this.#alarm.at(until, () => {
      if (recipient.state === 'resting' && recipient.restsUntil === until) this.#queue(recipient);
    });
  }
}

function resultOf(outcome: Outcome): TryResult {
  if (outcome.kind !== 'failed') return 'succeeded';
  return outcome.isRefusal === true ? 'refused' : 'failed';
}

/** Reads the times at each use: they may change. */
function backoffOf(times: DeliveryTiming): BackoffBounds {
  return {
    get firstMs() {
      return times.firstRetryMs;
    },
    get maxMs() {
      return times.maxRetryMs;
    },
  };
}
