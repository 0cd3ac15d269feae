import type { RemoteProducer, RemoteSubscription } from '../engine/ports/remote-producers.ts';
import type { Clock } from '../kernel/clock.ts';
import type { EngineName } from '../kernel/names.ts';
import { randomUrn } from '../kernel/ids.ts';
import { affinityReference } from '../soap/affinity.ts';
import { ProducerAnswerError } from './answer.ts';
import type { Line, Step } from './line.ts';
import type { Lines } from './lines.ts';
import { differenceOf } from './messages.ts';
import type { Endpoint, ProducerClient } from './producer-client.ts';

export interface StepsOptions {
  readonly lines: Lines;
  readonly client: ProducerClient;
  readonly clock: Clock;
  readonly engine: EngineName;
  readonly publicUrl: string;
  readonly demandLifetimeMs: number;
}

const MIN_LIFETIME_MS = 1_000;
const MAX_LIFETIME_MS = 31_536_000_000;
/** However short a lifetime was granted, it is not renewed more often. */
const MIN_RENEWAL_MS = 1_000;

/** Does the steps at one producer, and writes into the lines what they have led to. */
export class Steps {
  readonly #options: StepsOptions;
  /** The producer has refused the lifetime that is configured, and named another one. */
  #grantableMs: number | undefined;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** Rejects as `ProducerClient`; the line is as before then. */
  async perform(producer: RemoteProducer, line: Line, step: Step): Promise<void> {
    const { client, lines } = this.#options;
    const { held } = line;
    if (step === 'subscribe' || held === undefined) {
      await this.#subscribe(producer, line);
      return;
    }
    const manager: Endpoint = { reference: held.reference, soapVersion: producer.soapVersion };
    if (step === 'unsubscribe') {
      await this.#unsubscribe(manager);
      lines.giveUp(line);
    } else if (step === 'renew') {
      this.#granted(line, held, await client.renew(manager, this.lifetimeMs(producer)), producer);
    } else {
      await client.ask(manager, step === 'pause' ? 'PauseSubscription' : 'ResumeSubscription');
      line.held = { ...held, isPaused: step === 'pause' };
      lines.isUnwritten = true;
    }
  }

  /** What the producer is asked for as termination time, in milliseconds from then. */
  lifetimeMs(producer: RemoteProducer): number {
    return this.#grantableMs ?? this.#configuredMs(producer);
  }

  /**
   * True: the lifetime was refused, and the next one that is asked for is another, which the fault says would be granted. Its
   * times are the producer's, so they are measured against its own Timestamp.
   */
  adapt(producer: RemoteProducer, answer: ProducerAnswerError): boolean {
    if (!answer.isTerminationRefused) return false;
    const hint = (name: string): number | undefined =>
      differenceOf(answer.fault?.hints.get('Timestamp'), answer.fault?.hints.get(name));
    const asked = this.lifetimeMs(producer);
    // In whole seconds: up for the least, down for the most.
    const least = Math.ceil((hint('MinimumTime') ?? 0) / 1000) * 1000;
    const most = Math.floor((hint('MaximumTime') ?? MAX_LIFETIME_MS) / 1000) * 1000;
    const fitting = Math.min(Math.max(asked, least), most);
    this.#grantableMs = Math.min(Math.max(fitting, MIN_LIFETIME_MS), MAX_LIFETIME_MS);
    return this.#grantableMs !== asked;
  }

  async #subscribe(producer: RemoteProducer, line: Line): Promise<void> {
    const { client, engine, publicUrl } = this.#options;
    const to: Endpoint = { reference: producer.address, soapVersion: producer.soapVersion };
    line.pendingMessageId ??= randomUrn();
    const wish = { topic: line.expression, lifetimeMs: this.lifetimeMs(producer), messageId: line.pendingMessageId };
    const consumer = affinityReference(publicUrl, 'NotificationConsumer', engine, producer.id);
    const grant =
      producer.source?.kind === 'onvif'
        ? await client.createPullPoint(to, wish)
        : await client.subscribe(to, consumer, wish);
    line.pendingMessageId = undefined;
    line.isToBeReplaced = false;
    const canPause = line.held?.canPause ?? true;
    const fresh = { topic: line.key, reference: grant.reference, isPaused: false, canPause, terminationTime: null };
    this.#granted(line, fresh, grant.lifetimeMs, producer);
  }

  /** The producer may say that it knows nothing of it: then it is done, too. */
  async #unsubscribe(manager: Endpoint): Promise<void> {
    try {
      await this.#options.client.ask(manager, 'Unsubscribe');
    } catch (error) {
      if (!(error instanceof ProducerAnswerError && error.isResourceUnknown)) throw error;
    }
  }

  #granted(
    line: Line,
    held: RemoteSubscription,
    lifetimeMs: number | null | undefined,
    producer: RemoteProducer,
  ): void {
    const { clock, lines } = this.#options;
    const grantedMs = lifetimeMs === undefined ? this.lifetimeMs(producer) : lifetimeMs;
    line.held = { ...held, terminationTime: grantedMs === null ? null : clock.now() + grantedMs };
    // One that lasts longer than configured is renewed as if it did not: it also shows that the producer still has it.
    const reliableMs = Math.min(grantedMs ?? Infinity, this.#configuredMs(producer));
    line.renewAt = clock.monotonic() + Math.max(MIN_RENEWAL_MS, reliableMs / 2);
    lines.isUnwritten = true;
  }

  #configuredMs(producer: RemoteProducer): number {
    return producer.source?.lifetimeMs ?? this.#options.demandLifetimeMs;
  }
}
