import type { Place } from '../entry.ts';

/** How many messages, and how many bytes they take in the log. */
export interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

export const NOTHING: Amount = { messages: 0, bytes: 0 };

/**
 * What waits for a reader behind its queue: known by how many and how much, not by number. Exact, but for a stretch that
 * nobody has counted yet: what was committed before this tenure and after the reader's last record.
 */
export class Beyond {
  #messages: number;
  #bytes: number;
  #uncounted: { after: number; readonly through: number } | undefined;

  /** `uncounted`: the numbers that `amount` does not cover. */
  constructor(amount: Amount = NOTHING, uncounted?: { readonly after: number; readonly through: number }) {
    this.#messages = amount.messages;
    this.#bytes = amount.bytes;
    if (uncounted !== undefined && uncounted.after < uncounted.through) this.#uncounted = { ...uncounted };
  }

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The stretch that is still to be counted. */
  get uncounted(): { readonly after: number; readonly through: number } | undefined {
    return this.#uncounted;
  }

  /** One more, committed just now. */
  add({ size }: Place): void {
    this.#messages += 1;
    this.#bytes += size;
  }

  /** One of them has gone into the queue. */
  take({ seq, size }: Place): void {
    const { after, through } = this.#uncounted ?? { after: 0, through: 0 };
    if (seq > after && seq <= through) return;
    this.#messages = Math.max(0, this.#messages - 1);
    this.#bytes = Math.max(0, this.#bytes - size);
  }

  /** Counting has come upon one that matches; `scanned`: up to here it is the queue's. */
  count(place: Place, scanned: number): void {
    const uncounted = this.#uncounted;
    if (uncounted === undefined || place.seq <= Math.max(uncounted.after, scanned) || place.seq > uncounted.through)
      return;
    this.add(place);
    uncounted.after = place.seq;
  }

  /** All up to `seq` is counted, or has gone into the queue. */
  countedThrough(seq: number): void {
    if (this.#uncounted === undefined) return;
    this.#uncounted.after = Math.max(this.#uncounted.after, seq);
    if (this.#uncounted.after >= this.#uncounted.through) this.#uncounted = undefined;
  }
}
