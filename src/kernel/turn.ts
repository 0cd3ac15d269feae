import { deferred, type Deferred } from './deferred.ts';

/** So many at a time: enough to share what is in the caches, few enough for the first not to wait for the last. */
const MOST = 32;

/** Some who go on together. */
interface Party {
  readonly gone: Deferred<void>;
  size: number;
}

/**
 * The end of a turn of the event loop, for many. What each request of a turn needs next is done for all of them in a
 * row, when everything that has come was read: code and data that are in the processor's caches are used again, where
 * to go through every stage with one request before the next is read would load them anew each time
 * (docs/adr/0028-stage-by-stage.md).
 */
export class Turn {
  /** Those who wait, in the order in which they came; one party goes in each turn. */
  readonly #parties: Party[] = [];

  /** Resolves when the events that are waiting now have been handled, and those have gone who came long before. */
  over(): Promise<void> {
    let party = this.#parties.at(-1);
    if (party === undefined || party.size === MOST) {
      party = { gone: deferred(), size: 0 };
      if (this.#parties.push(party) === 1) setImmediate(this.#next);
    }
    party.size += 1;
    return party.gone.promise;
  }

  readonly #next = (): void => {
    this.#parties.shift()?.gone.resolve();
    if (this.#parties.length > 0) setImmediate(this.#next);
  };
}
