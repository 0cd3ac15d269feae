import type { Clock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { BrokerClient } from './broker-client.ts';
import type { TerminationArgument } from './durations.ts';
import { ExchangeError } from './failure.ts';
import { emptyBody, readReference, readTermination, renewBody, subscribeBody } from './messages.ts';
import type { GrantedTermination, Reference } from './messages.ts';
import type { NotificationPrinter } from './printing.ts';
import type { TopicArgument } from './topics.ts';

export interface SubscriptionOptions {
  readonly broker: BrokerClient;
  readonly consumer: Reference;
  readonly topic: TopicArgument | undefined;
  readonly termination: TerminationArgument;
  readonly printer: NotificationPrinter;
  readonly clock: Clock;
}

/** How long a request at the end may take: the user waits for it. */
const FAREWELL_MS = 5000;
const RETRY_MS = 1000;
const LONGEST_SLEEP_MS = 86_400_000;

/** A subscription of this command: made, kept alive, ended. */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #reference: Reference;
  #granted: GrantedTermination;

  private constructor(options: SubscriptionOptions, reference: Reference, granted: GrantedTermination) {
    this.#options = options;
    this.#reference = reference;
    this.#granted = granted;
  }

  /** Subscribes. Throws SoapFaultError, ExchangeError. */
  static async open(options: SubscriptionOptions): Promise<Subscription> {
    const { broker, consumer, topic, termination, printer } = options;
    const response = await broker.request('Subscribe', subscribeBody(consumer, topic, termination));
    const reference = readReference(response, 'SubscriptionReference');
    const granted = readTermination(response);
    const fields = { reference: reference.address, consumer: consumer.address, ...granted };
    printer.event(
      'subscribed',
      `Subscribed until ${granted.terminationTime ?? 'further notice'}: ${reference.address}`,
      fields,
    );
    return new Subscription(options, reference, granted);
  }

  /**
   * Keeps it alive until `signal` aborts: renews at half of each granted time, and tries again while time is left.
   * Resolves at the end that was asked for, if it was a fixed one. Throws SoapFaultError, and ExchangeError when the time has run out.
   */
  async keepAlive(signal: AbortSignal): Promise<void> {
    const { clock, termination } = this.#options;
    while (this.#granted.lifetimeMs !== undefined) {
      const endsAt = clock.monotonic() + this.#granted.lifetimeMs;
      if (!termination.isRenewable) {
        await sleepUntil(endsAt, clock, signal);
        return;
      }
      await sleepUntil(endsAt - this.#granted.lifetimeMs / 2, clock, signal);
      this.#granted = await this.#renew(endsAt, signal);
    }
    await sleepUntil(Infinity, clock, signal);
  }

  /** Unsubscribes, even though the command is being stopped. Throws SoapFaultError, ExchangeError. */
  async close(): Promise<void> {
    const signal = AbortSignal.timeout(FAREWELL_MS);
    await this.#options.broker.request('Unsubscribe', emptyBody('Unsubscribe'), { to: this.#reference, signal });
    this.#options.printer.event('unsubscribed', 'Unsubscribed');
  }

  async #renew(endsAt: number, signal: AbortSignal): Promise<GrantedTermination> {
    const { broker, termination, printer, clock } = this.#options;
    for (;;) {
      try {
        const response = await broker.request('Renew', renewBody(termination), { to: this.#reference, signal });
        const granted = readTermination(response);
        printer.event('renewed', `Renewed until ${granted.terminationTime ?? 'further notice'}`, { ...granted });
        return granted;
      } catch (error) {
        if (!(error instanceof ExchangeError) || clock.monotonic() >= endsAt) throw error;
        printer.event('renewal-failed', `Renewal failed, trying again: ${messageOf(error)}`, {
          reason: messageOf(error),
        });
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }
}

async function sleepUntil(at: number, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let left = at - clock.monotonic(); left > 0; left = at - clock.monotonic()) {
    await clock.sleep(Math.min(left, LONGEST_SLEEP_MS), signal);
  }
}
