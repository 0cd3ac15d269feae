import type { RemoteSubscription } from '../engine/ports/remote-producers.ts';
import { WsnFault } from '../wsn/faults.ts';
import type { TopicExpression } from '../wsn/messages.ts';
import { expressionKey } from '../wsn/topics/topic-expression.ts';
import type { Puller } from './puller.ts';
import type { Rest } from './rest.ts';

/** One topic at one producer: what is wanted, and the subscription that is held there for it. */
export interface Line {
  /** `topicKey` of its expression. */
  readonly key: string;
  expression: TopicExpression | undefined;
  /** False: the producer is no longer to be subscribed to for it. */
  isListed: boolean;
  isWanted: boolean;
  held: RemoteSubscription | undefined;
  /** By the monotonic clock. */
  renewAt: number;
  /** The subscription is of no use any more: it is given up, and another one takes its place. */
  isToBeReplaced: boolean;
  /** How often it was tried in vain to give up the subscription. */
  unsubscribeFailures: number;
  /** The MessageID of a Subscribe of which it is not known whether it had its effect. */
  pendingMessageId: string | undefined;
  readonly rest: Rest;
  /** Of its pullers, one after the other: a device that loses every subscription is not asked for new ones in haste. */
  readonly pullRest: Rest;
  puller: Puller | undefined;
}

/** What to do next for a line. */
export type Step = 'subscribe' | 'renew' | 'pause' | 'resume' | 'unsubscribe';

/**
 * The next step towards what is wanted; undefined: nothing to do now. A line of a demand-based publisher is subscribed to even
 * when nobody wants it yet: that shows that the publisher can be subscribed to.
 */
export function nextStep(line: Line, now: number): Step | undefined {
  const { held } = line;
  if (!line.isListed) return held !== undefined && isRunning(held) ? 'unsubscribe' : undefined;
  if (held === undefined) return 'subscribe';
  if (!isRunning(held)) return line.isWanted ? 'subscribe' : undefined;
  if (line.isToBeReplaced) return 'unsubscribe';
  if (line.isWanted === held.isPaused) {
    if (line.isWanted) return 'resume';
    return held.canPause ? 'pause' : 'unsubscribe';
  }
  return now >= line.renewAt ? 'renew' : undefined;
}

/**
 * False: the subscription was given up because nobody wanted its topic and the producer cannot pause. It is remembered as paused
 * without being able to, so that a later tenure neither subscribes to find that out again nor takes it for a running one.
 */
export function isRunning(held: RemoteSubscription): boolean {
  return held.canPause || !held.isPaused;
}

/** What a topic is remembered by: `expressionKey`, '' for none; its own words for a dialect that is only known at the producer. */
export function topicKey(expression: TopicExpression | undefined): string {
  if (expression === undefined) return '';
  try {
    return expressionKey(expression);
  } catch (error) {
    if (!(error instanceof WsnFault)) throw error;
    const namespaces = Object.entries(expression.namespaces).sort(([a], [b]) => (a < b ? -1 : 1));
    return `foreign ${JSON.stringify([expression.dialect, expression.text, namespaces])}`;
  }
}
