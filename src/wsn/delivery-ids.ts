import { nameBasedUrn, NumberedUrns } from '../kernel/ids.ts';

/**
 * The ids of what goes to one subscription. They depend on the subscription and on numbers of the log alone: the same in
 * every try, on whatever server.
 */
export class DeliveryIds {
  readonly #subscription: string;
  readonly #ofMessages: NumberedUrns;
  readonly #ofNotifies: NumberedUrns;

  constructor(subscription: string) {
    this.#subscription = subscription;
    this.#ofMessages = new NumberedUrns(`message ${subscription}`);
    this.#ofNotifies = new NumberedUrns(`notify ${subscription}`);
  }

  /** The id of one message, in our Delivery header and of a dead letter. `seq`: the number under which it was logged first. */
  ofMessage(seq: number): string {
    return this.#ofMessages.of(seq) ?? nameBasedUrn(`${this.#subscription} ${seq}`);
  }

  /** The wsa:MessageID of a Notify that carries the messages from `first` to `last`. */
  ofNotify(first: number, last: number): string {
    const single = first === last ? this.#ofNotifies.of(first) : undefined;
    return single ?? nameBasedUrn(`${this.#subscription} ${first} ${last}`);
  }
}
