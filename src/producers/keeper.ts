import type { ProducerOutlet, RemoteProducer, RemoteSubscription } from '../engine/ports/remote-producers.ts';
import type { BackoffBounds } from '../kernel/backoff.ts';
import type { Clock } from '../kernel/clock.ts';
import { deferred, type Deferred } from '../kernel/deferred.ts';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { Wakeup } from '../kernel/wakeup.ts';
import type { Notification } from '../wsn/messages.ts';
import { ProducerAnswerError } from './answer.ts';
import type { Line, Step } from './line.ts';
import { Lines } from './lines.ts';
import type { ProducerClient } from './producer-client.ts';
import { Puller } from './puller.ts';
import { Rest } from './rest.ts';
import { Steps } from './steps.ts';

/** What all keepers of an engine share. Times in milliseconds. */
export interface KeeperSurroundings {
  readonly outlet: ProducerOutlet;
  readonly client: ProducerClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publicUrl: string;
  readonly backoff: BackoffBounds;
  readonly random: () => number;
  /** What a demand-based publisher is asked for as termination time. */
  readonly demandLifetimeMs: number;
  readonly publish: (id: string, messages: readonly Notification[]) => Promise<void>;
  /** Aborted: no further step is begun. */
  readonly closing: AbortSignal;
  /** Counts the steps that are under way. */
  readonly onStep: (change: 1 | -1) => void;
}

/** No sleep is longer, so that no timer overflows. */
const MAX_SLEEP_MS = 3_600_000;
/** How often it is tried to give up a subscription. What is left at the producer ends by its termination time. */
const UNSUBSCRIBE_TRIES = 3;
/** Refused so often in a row, a renewal is given up and the subscription replaced. */
const RENEWAL_TRIES = 3;

/**
 * Keeps the subscriptions at one producer equal to what is wanted, one step at a time. What a step has changed is remembered before
 * the next one. A crash between a Subscribe and that leaves a stray subscription behind, which nobody renews.
 */
export class ProducerKeeper {
  readonly #id: string;
  readonly #around: KeeperSurroundings;
  readonly #wakeup = new Wakeup();
  readonly #lines: Lines;
  readonly #steps: Steps;
  /** After failures that say nothing of a single topic: no answer, or one of overload. */
  readonly #reach: Rest;
  readonly #waiters = new Set<Deferred<unknown>>();
  #isEnding = false;
  #lastFailure: string | undefined;

  constructor(id: string, around: KeeperSurroundings) {
    const { client, clock, publicUrl, demandLifetimeMs } = around;
    const newRest = (): Rest => new Rest(around.backoff, around.random);
    this.#id = id;
    this.#around = around;
    this.#lines = new Lines(newRest);
    this.#reach = newRest();
    const { engine } = around.outlet;
    this.#steps = new Steps({ lines: this.#lines, client, clock, engine, publicUrl, demandLifetimeMs });
  }

  /** Something has changed in the outlet. */
  wake(): void {
    this.#wakeup.wake();
  }

  /** See `Producers.established`. */
  async established(patienceMs: number): Promise<void> {
    const waiter = deferred<unknown>();
    const over = new AbortController();
    this.#waiters.add(waiter);
    this.#around.clock.sleep(patienceMs, over.signal).then(
      () => waiter.reject(this.#failure('timed-out', this.#lastFailure ?? `did not answer within ${patienceMs} ms`)),
      () => undefined,
    );
    this.wake();
    try {
      await waiter.promise;
    } finally {
      over.abort();
      this.#waiters.delete(waiter);
    }
  }

  /** Until the producer is no more, or `closing` aborts. Never rejects. */
  async run(): Promise<void> {
    const { clock, closing, logger } = this.#around;
    try {
      for (;;) {
        const next = await this.#tryRound();
        if (next === 'ended') break;
        await this.#wakeup.wait(closing, clock, next === undefined ? undefined : Math.min(next, MAX_SLEEP_MS));
      }
    } catch (error) {
      if (!closing.aborted) logger.error('A producer is no longer looked after', { producer: this.#id, error });
    }
    const reason = closing.aborted ? 'was not subscribed to before the engine left' : 'is no longer registered';
    for (const waiter of this.#waiters) waiter.reject(this.#failure('shutting-down', reason));
    const pullers = [...this.#lines.values()].flatMap(({ puller }) => puller ?? []);
    await Promise.all(pullers.map((puller) => puller.stop()));
  }

  /** Cuts what is being pulled and published. */
  cut(): void {
    for (const { puller } of this.#lines.values()) puller?.cut();
  }

  async #tryRound(): Promise<number | undefined | 'ended'> {
    const { closing, logger, backoff } = this.#around;
    try {
      return await this.#round();
    } catch (error) {
      closing.throwIfAborted();
      // The outlet failed, or a bug: it is tried again later.
      logger.warn('Cannot look after a producer', { producer: this.#id, error });
      return backoff.maxMs;
    }
  }

  /** Steps until there is nothing to do. Resolves with how long that holds: milliseconds, undefined until a change. */
  async #round(): Promise<number | undefined | 'ended'> {
    const { outlet, clock, closing } = this.#around;
    for (;;) {
      closing.throwIfAborted();
      const producer = outlet.find(this.#id);
      if (producer === undefined) return 'ended';
      const now = clock.monotonic();
      this.#learn(producer, now);
      if (this.#reach.until > now) return this.#reach.until - now;
      if (producer.isEnded && this.#lines.size === 0) {
        if (await this.#remember([])) return 'ended';
        continue;
      }
      if (this.#lines.isUnwritten) {
        await this.#remember(this.#lines.held());
        continue;
      }
      const due = this.#lines.nextDue(now);
      if (due === undefined) return this.#lines.quietMs(now);
      await this.#take(producer, due.line, due.step);
    }
  }

  #learn(producer: RemoteProducer, now: number): void {
    this.#lines.learn(producer, now);
    if (producer.isEnded && !this.#isEnding) {
      // Its end is told at once, however long it was going to rest.
      this.#isEnding = true;
      this.#reach.reset();
      this.#lines.hurry();
    }
    this.#pull(producer);
    if (!producer.isEnded && this.#lines.areEstablished())
      for (const waiter of this.#waiters) waiter.resolve(undefined);
  }

  async #take(producer: RemoteProducer, line: Line, step: Step): Promise<void> {
    const { onStep, closing, logger } = this.#around;
    onStep(1);
    try {
      await this.#steps.perform(producer, line, step);
      this.#reach.reset();
      logger.debug('Subscription at a producer', { producer: this.#id, operation: step, topic: line.key });
    } catch (error) {
      if (!closing.aborted) this.#onFailure(producer, line, step, error);
    } finally {
      onStep(-1);
    }
    // Also when closing: the next tenure must know what was done.
    if (this.#lines.isUnwritten && closing.aborted) await this.#remember(this.#lines.held());
  }

  #onFailure(producer: RemoteProducer, line: Line, step: Step, error: unknown): void {
    const answer = error instanceof ProducerAnswerError && !error.isBusy ? error : undefined;
    this.#lastFailure =
      error instanceof ProducerAnswerError ? error.message : `does not answer: ${this.#without(error)}`;
    const isAdapted = answer !== undefined && this.#steps.adapt(producer, answer);
    if (step === 'subscribe') this.#onSubscribeFailure(line, error, answer !== undefined && !isAdapted);
    if (step === 'unsubscribe' && (line.unsubscribeFailures += 1) >= UNSUBSCRIBE_TRIES) this.#lines.giveUp(line);
    const now = this.#around.clock.monotonic();
    if (answer === undefined) {
      this.#report(line, step, this.#reach.failures, this.#reach.failed(now));
      return;
    }
    this.#reach.reset();
    // A producer that cannot pause has not failed: it is served otherwise.
    const isExpected = answer.isUnsupported && (step === 'pause' || step === 'resume');
    if (!isExpected) this.#report(line, step, line.rest.failures, line.rest.failed(now));
    this.#abandon(line, step, answer);
  }

  #onSubscribeFailure(line: Line, error: unknown, isRefused: boolean): void {
    // What may have had its effect is asked for again as the same, which a producer may recognise.
    const isUnknown = error instanceof InfrastructureError && error.processed === 'unknown';
    if (!isUnknown) line.pendingMessageId = undefined;
    if (!isRefused) return;
    for (const waiter of this.#waiters) waiter.reject(this.#failure('unreachable', messageOf(error)));
  }

  /** Lets go of a subscription that the producer does not know, or does not let us pause, resume or keep. */
  #abandon(line: Line, step: Step, answer: ProducerAnswerError): void {
    if (step === 'subscribe' || step === 'unsubscribe') return;
    if (answer.isResourceUnknown) this.#lines.giveUp(line);
    else if (step === 'pause' && answer.isUnsupported) this.#lines.cannotPause(line);
    else if (step === 'resume') line.isToBeReplaced = true;
    else if (step === 'renew' && !answer.isTerminationRefused) {
      line.isToBeReplaced = answer.isUnsupported || line.rest.failures >= RENEWAL_TRIES;
    }
  }

  #report(line: Line, operation: Step, earlier: number, retryInMs: number): void {
    const { logger } = this.#around;
    const fields = { producer: this.#id, operation, topic: line.key, attempt: earlier + 1, retryInMs };
    if (earlier === 0) logger.info('A producer fails', { ...fields, error: this.#lastFailure });
    else logger.debug('A producer fails again', { ...fields, error: this.#lastFailure });
  }

  /** One puller for each subscription that runs at an ONVIF source. */
  #pull(producer: RemoteProducer): void {
    const { client, clock, logger, publicUrl, publish } = this.#around;
    if (producer.source?.kind !== 'onvif') return;
    for (const line of this.#lines.values()) {
      const reference = line.isToBeReplaced || !line.isListed ? undefined : line.held?.reference;
      if (line.puller?.from.reference === reference) continue;
      void line.puller?.stop();
      line.puller =
        reference &&
        new Puller({
          client,
          from: { reference, soapVersion: producer.soapVersion },
          sourceAddress: producer.address.address,
          publicUrl,
          lifetimeMs: this.#steps.lifetimeMs(producer),
          publish: (messages) => publish(this.#id, messages),
          onLost: () => {
            line.isToBeReplaced ||= line.held?.reference === reference;
            this.wake();
          },
          rest: line.pullRest,
          clock,
          logger: logger.child({ producer: this.#id }),
        });
    }
  }

  /** False: it could not be written now; the producer rests and it is tried again. */
  async #remember(remote: readonly RemoteSubscription[]): Promise<boolean> {
    const { outlet, clock, logger, closing } = this.#around;
    try {
      this.#lines.isUnwritten = false;
      await outlet.remember(this.#id, remote);
      return true;
    } catch (error) {
      this.#lines.isUnwritten = true;
      if (closing.aborted) throw error;
      const retryInMs = this.#reach.failed(clock.monotonic());
      logger.warn('Cannot remember the subscriptions at a producer', { producer: this.#id, retryInMs, error });
      return false;
    }
  }

  #failure(code: 'timed-out' | 'unreachable' | 'shutting-down', said: string): InfrastructureError {
    return new InfrastructureError(code, `The producer at ${originOf(this.#address())} ${said}`, {
      processed: 'unknown',
    });
  }

  /** The text of an error without the whole of the address, which may hold a secret. */
  #without(error: unknown): string {
    const address = this.#address();
    return messageOf(error).replaceAll(address, originOf(address));
  }

  #address(): string {
    return this.#around.outlet.find(this.#id)?.address.address ?? this.#id;
  }
}

function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : 'an address that is no URL';
}
