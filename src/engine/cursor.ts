import type { EntryHeader } from './records.ts';
import { SeqQueue } from './seq-queue.ts';

/** A shared reading of the log on behalf of many cursors. */
export interface Pass {
  /** Everything up to here has been matched for each cursor that has joined and had not come further before. */
  at: number;
  /** How many cursors the reading is for at this point of the log. */
  active: number;
}

/** Whose cursor it is. */
interface CursorOwner {
  /** Whether a record is for this reader; depends on nothing but the record and the reader's filter. */
  matches(header: EntryHeader): boolean;
  /** Tells the reader's counterpart that there is something to take. */
  announce(): void;
}

interface CursorOptions {
  readonly id: string;
  /** All up to here is done with. */
  readonly position: number;
  /** How many numbers are kept in memory. */
  readonly queueLength: number;
  readonly owner: CursorOwner;
}

/**
 * How far one reader of the log has come, and what it still has to take: a subscription, a pull point or a link.
 *
 * A live cursor is offered each record as it is committed. When its queue is full it is no longer live: it remembers up
 * to where it was matched (`scanned`), and what comes after is read from the log again when there is room.
 */
export class Cursor {
  readonly id: string;
  readonly #owner: CursorOwner;
  /** True once the reader has ended: no more reading on its behalf. */
  isEnded = false;
  /** True while a commit that moves this cursor is under way: nobody else writes it meanwhile. */
  isMoving = false;
  /** The position last handed to the store. */
  stored: number;
  /** Of the numbers above this one only the newest is kept in the queue; undefined: all are. */
  coalesceAfter: number | undefined;
  /** The shared reading that this cursor takes part in. */
  #pass: Pass | undefined;
  #isActive = false;
  #isLive = false;
  #scanned: number;
  readonly #queue = new SeqQueue();
  readonly #queueLength: number;

  /** Starts behind: everything after the position is still to be matched. */
  constructor({ id, position, queueLength, owner }: CursorOptions) {
    this.id = id;
    this.#scanned = position;
    this.stored = position;
    this.#queueLength = queueLength;
    this.#owner = owner;
  }

  /** See CursorOwner.matches. */
  matches(header: EntryHeader): boolean {
    return this.#owner.matches(header);
  }

  /** See CursorOwner.announce. */
  announce(): void {
    this.#owner.announce();
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get pass(): Pass | undefined {
    return this.#pass;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** True when there is something to take, or may be further on in the log and nobody is reading on already. */
  get mayHaveMore(): boolean {
    return this.#queue.length > 0 || (!this.#isLive && this.#pass === undefined);
  }

  /** Up to `count` numbers, from the `skip`-th of the queue on. */
  peek(count: number, skip = 0): number[] {
    return this.#queue.slice(skip, count);
  }

  /** Everything up to here has been matched. `head`: the newest number of the log. */
  scanned(head: number): number {
    if (this.#isLive) return head;
    return this.#pass === undefined ? this.#scanned : Math.max(this.#scanned, this.#pass.at);
  }

  /** Everything up to here is done with. */
  position(head: number): number {
    const first = this.#queue.at(0);
    return first === undefined ? this.scanned(head) : first - 1;
  }

  /** Offers a record that was committed just now and matches. True: it is in the queue. */
  offer(seq: number): boolean {
    if (!this.#isLive) return false;
    if (this.#coalesce(seq)) return true;
    if (this.#queue.length < this.#queueLength) {
      this.#queue.push(seq);
      return true;
    }
    this.#isLive = false;
    this.#scanned = seq - 1;
    return false;
  }

  /**
   * Offers a record, read from the log, that matches. Records matched before are passed over. False: the queue has
   * `capacity` numbers already, and reading ends before this record.
   */
  offerRead(seq: number, capacity = this.#queueLength): boolean {
    if (seq <= this.#scanned) return true;
    if (this.#coalesce(seq)) {
      this.#scanned = seq;
      return true;
    }
    if (this.#queue.length >= capacity) {
      this.#leave();
      this.#scanned = seq - 1;
      return false;
    }
    this.#queue.push(seq);
    this.#scanned = seq;
    return true;
  }

  /** Reading has come to `through` for this cursor alone. */
  readThrough(through: number): void {
    this.#scanned = Math.max(this.#scanned, through);
  }

  /** Everything in the log has been matched: from now on records are offered as they are committed. */
  goLive(): void {
    this.#leave();
    this.#isLive = true;
  }

  /** Takes part in a shared reading from now on: nobody reads for this cursor alone. */
  join(pass: Pass): void {
    this.#pass = pass;
  }

  /** The shared reading has come to where this cursor needs it. */
  activate(pass: Pass): void {
    if (this.#pass !== pass) return;
    this.#isActive = true;
    pass.active += 1;
  }

  /** Leaves the shared reading, to go on alone. */
  leavePass(): void {
    if (this.#pass === undefined) return;
    this.#scanned = Math.max(this.#scanned, this.#pass.at);
    this.#leave();
  }

  /** All up to `seq` is done with. True: the position has moved. */
  advance(seq: number): boolean {
    return this.#queue.removeThrough(seq);
  }

  /** The newest number in the queue. */
  newest(): number | undefined {
    return this.#queue.at(this.#queue.length - 1);
  }

  /** Forgets everything that is queued, and begins again behind `seq`, with the records that are offered from now on. */
  restartBehind(seq: number): void {
    this.#leave();
    this.#queue.clear();
    this.#scanned = seq;
    this.#isLive = true;
  }

  /** Takes single numbers out of the queue. */
  drop(seqs: readonly number[]): void {
    this.#queue.remove(seqs);
  }

  end(): void {
    this.isEnded = true;
    this.#leave();
  }

  /** Replaces the newest number where only that is kept. */
  #coalesce(seq: number): boolean {
    const newest = this.newest();
    if (this.coalesceAfter === undefined || newest === undefined || newest <= this.coalesceAfter) return false;
    this.#queue.remove([newest]);
    this.#queue.push(seq);
    return true;
  }

  #leave(): void {
    if (this.#pass === undefined) return;
    if (this.#isActive) this.#pass.active -= 1;
    this.#isActive = false;
    this.#pass = undefined;
  }
}
