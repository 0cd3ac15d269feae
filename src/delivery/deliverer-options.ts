import type { Outbox } from '../engine/ports/outbox.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';
import type { NotificationSender } from './sender.ts';

/** Milliseconds. */
export interface DeliveryTiming {
  readonly connectTimeoutMs: number;
  /** From the beginning of a try to the end of the consumer's reply. */
  readonly totalTimeoutMs: number;
  /** Upper bound of the first back-off; each further one is twice as high. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
}

/** What happens to notifications on their way out. None of these may throw. */
interface DeliveryEvents {
  delivered?(event: { subscription: string; messages: number; attempt: number; durationMs: number }): void;
  failed?(event: { subscription: string; attempt: number; reason: string; retryInMs: number }): void;
  /** The consumer said 410; its subscription is paused. */
  gone?(event: { subscription: string }): void;
  /** A message was given up: it is a dead letter now. */
  givenUp?(event: { subscription: string; attempts: number; reason: string }): void;
}

export interface DelivererOptions {
  readonly outbox: Outbox;
  readonly sender: NotificationSender;
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly engine: EngineName;
  readonly times: DeliveryTiming;
  /** The address of the topology as clients see it. */
  readonly publicUrl: string;
  readonly events?: DeliveryEvents;
  /** For jitter; uniform in [0, 1). */
  readonly random?: () => number;
}

/** Since the start of this tenure. */
export interface DeliveryCounters {
  /** NotificationMessages that a consumer has accepted. */
  readonly delivered: number;
  /** Tries that failed. */
  readonly failed: number;
  /** Messages that became dead letters. */
  readonly givenUp: number;
  /** Subscriptions that wait for their turn or for a retry. */
  readonly waiting: number;
  /** Subscriptions that are being served now. */
  readonly inFlight: number;
}
