import { nameBasedUrn } from '../kernel/ids.ts';

/**
 * The id of one message on its way to one subscription, in our Delivery header and of a dead letter: the same in every
 * try, on whatever server. `seq`: the number under which it was logged first.
 */
export function deliveryUrn(subscription: string, seq: number): string {
  return nameBasedUrn(`${subscription} ${seq}`);
}

/** The wsa:MessageID of a Notify that carries the messages from `first` to `last`. */
export function notifyUrn(subscription: string, first: number, last: number): string {
  return nameBasedUrn(`${subscription} ${first} ${last}`);
}
