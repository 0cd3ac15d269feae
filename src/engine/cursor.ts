import { Beyond, type Amount } from './backlog/beyond.ts';
import type { Gap } from './ports/gap.ts';
import type { EntryHeader, Place } from './entry.ts';
import { SeqQueue } from './seq-queue.ts';

/** A shared reading of the log on behalf of many cursors. */
export interface Pass {
  /** Everything up to here has been matched for each cursor that has joined and had not come further before. */
  at: number;
  /** How many cursors the reading is for at this point of the log. */
  active: number;
}

/** Which limits of a backlog hold for a reader. */
export type ReaderKind = 'subscription' | 'pullPoint' | 'link';

/** Whose cursor it is. */
export interface CursorOwner {
  readonly id: string;
  readonly kind: ReaderKind;
  /** How many numbers are kept in memory. */
  readonly queueLength: number;
  /**
   * Whether a record is for this reader; depends on nothing but the record and the reader's filter. Undefined: it cannot be
   * told now.
   */
  matches(header: EntryHeader): boolean | undefined;
  /** Tells the reader's counterpart that there is something to take. */
  announce(): void;
}

interface CursorOptions {
  /** All up to here is done with. */
  readonly position: number;
  readonly owner: CursorOwner;
}

/** What is the case with few cursors. */
interface Circumstances {
  coalesceAfter: number | undefined;
  gap: Gap | undefined;
  hasRecord: boolean;
  recorded: number;
}

/** Of those with which it is not. */
const ORDINARY: Readonly<Circumstances> = { coalesceAfter: undefined, gap: undefined, hasRecord: false, recorded: 0 };
const NOTHING_QUEUED: Pick<SeqQueue, 'length' | 'bytes' | 'at' | 'slice' | 'removeThrough'> = new SeqQueue();

/**
 * How far one reader of the log has come, and what it still has to take: a subscription, a pull point or a link.
 *
 * A live cursor is offered each record as it is committed. When its queue is full it is no longer live: it remembers up
 * to where it was matched (`scanned`), and what comes after is read from the log again when there is room.
 *
 * There may be a hundred thousand of which most do nothing: what they need only then is made only then.
 */
export class Cursor {
  readonly #owner: CursorOwner;
  /** True once the reader has ended: no more reading on its behalf. */
  isEnded = false;
  /** True while a commit that moves this cursor is under way: nobody else writes it meanwhile. */
  isMoving = false;
  /** The position last handed to the store. */
  stored: number;
  /** The shared reading that this cursor takes part in. */
  #pass: Pass | undefined;
  #isActive = false;
  #isLive = false;
  #scanned: number;
  /** What waits behind the queue; undefined: nothing. */
  #beyond: Beyond | undefined;
  #taken = 0;
  #circumstances: Circumstances | undefined;
  #queue: SeqQueue | undefined;

  /** Starts behind: everything after the position is still to be matched. */
  constructor({ position, owner }: CursorOptions) {
    this.#scanned = position;
    this.stored = position;
    this.#owner = owner;
  }

  get id(): string {
    return this.#owner.id;
  }

  /** Of the numbers above this one only the newest is kept in the queue; undefined: all are. */
  get coalesceAfter(): number | undefined {
    return this.#circumstances?.coalesceAfter;
  }

  set coalesceAfter(after: number | undefined) {
    this.#note('coalesceAfter', after);
  }

  /** What was dropped, and its reader has not been told yet. */
  get gap(): Gap | undefined {
    return this.#circumstances?.gap;
  }

  set gap(gap: Gap | undefined) {
    this.#note('gap', gap);
  }

  /** True: the store has a record of the backlog. */
  get hasRecord(): boolean {
    return this.#circumstances?.hasRecord === true;
  }

  set hasRecord(hasRecord: boolean) {
    this.#note('hasRecord', hasRecord);
  }

  /** How much waited behind the queue when that was last stored. */
  get recorded(): number {
    return this.#circumstances?.recorded ?? 0;
  }

  set recorded(recorded: number) {
    this.#note('recorded', recorded);
  }

  /** See CursorOwner.matches. */
  matches(header: EntryHeader): boolean | undefined {
    return this.#owner.matches(header);
  }

  /** See CursorOwner.announce. */
  announce(): void {
    this.#owner.announce();
  }

  get kind(): ReaderKind {
    return this.#owner.kind;
  }

  /** Messages that wait: see Beyond for how exact that is. */
  get waiting(): number {
    return this.length + (this.#beyond?.messages ?? 0);
  }

  /** Bytes that the waiting messages take in the log. */
  get waitingBytes(): number {
    return this.#queued.bytes + (this.#beyond?.bytes ?? 0);
  }

  get beyond(): Beyond | undefined {
    return this.#beyond;
  }

  /** The oldest that waits, if it is in the queue. */
  get oldest(): Place | undefined {
    return this.#queued.at(0);
  }

  /** How many messages its reader has taken since this object was made. */
  get taken(): number {
    return this.#taken;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get pass(): Pass | undefined {
    return this.#pass;
  }

  get length(): number {
    return this.#queued.length;
  }

  /** True when there is something to take, or may be further on in the log and nobody is reading on already. */
  get mayHaveMore(): boolean {
    return this.length > 0 || (!this.#isLive && this.#pass === undefined);
  }

  /** Up to `count` numbers, from the `skip`-th of the queue on. */
  peek(count: number, skip = 0): number[] {
    return this.#queued.slice(skip, count);
  }

  /** Everything up to here has been matched. `head`: the newest number of the log. */
  scanned(head: number): number {
    if (this.#isLive) return head;
    return this.#pass === undefined ? this.#scanned : Math.max(this.#scanned, this.#pass.at);
  }

  /** Everything up to here is done with. */
  position(head: number): number {
    const first = this.#queued.at(0);
    return first === undefined ? this.scanned(head) : first.seq - 1;
  }

  /** What is known of the backlog that was there when this tenure began. To be called before anything is offered. */
  startBehind(head: number, counted?: Amount & { readonly through: number }): void {
    const after = counted?.through ?? this.#scanned;
    this.#beyond = counted === undefined && after >= head ? undefined : new Beyond(counted, { after, through: head });
  }

  /** What waits behind the queue is to be counted again: other records than before are left out now. */
  recount(head: number): void {
    if (!this.#isLive) this.#beyond = new Beyond(undefined, { after: this.#scanned, through: head });
  }

  /** Offers a record that was committed just now and matches. True: it is in the queue. */
  offer({ seq, place }: EntryHeader): boolean {
    if (this.#isLive) {
      if (this.#coalesce(place)) return true;
      if (this.length < this.#owner.queueLength) {
        this.#enqueue(place);
        return true;
      }
      this.#isLive = false;
      this.#scanned = seq - 1;
    }
    this.#beyond ??= new Beyond();
    this.#beyond.add(place);
    return false;
  }

  /**
   * Offers a record, read from the log, that matches. Records matched before are passed over. False: the queue has
   * `capacity` numbers already, and reading ends before this record.
   */
  offerRead({ seq, place }: EntryHeader, capacity = this.#owner.queueLength): boolean {
    if (seq <= this.#scanned) return true;
    if (!this.#coalesce(place)) {
      if (this.length >= capacity) {
        this.#leave();
        this.#scanned = seq - 1;
        return false;
      }
      this.#enqueue(place);
    }
    this.#beyond?.take(place);
    this.#scanned = seq;
    return true;
  }

  /**
   * A record was committed just now, and nobody can tell whether it matches: it is to be read from the log, as all that comes
   * after it. True: the cursor was live. Until it is known to match it does not count as waiting.
   */
  fallBehind(seq: number): boolean {
    if (!this.#isLive) return false;
    this.#isLive = false;
    this.#scanned = seq - 1;
    this.#beyond ??= new Beyond();
    return true;
  }

  /** Reading ends before a record of which nobody can tell now whether it matches. False: it was read already. */
  stopBefore(seq: number): boolean {
    if (this.#isLive || seq <= Math.max(this.#scanned, this.#pass?.at ?? 0)) return false;
    this.#leave();
    this.#scanned = seq - 1;
    return true;
  }

  /** Reading has come to `through` for this cursor alone. */
  readThrough(through: number): void {
    this.#scanned = Math.max(this.#scanned, through);
    this.#beyond?.countedThrough(this.#scanned);
  }

  /** Everything in the log has been matched: from now on records are offered as they are committed. */
  goLive(): void {
    this.#leave();
    this.#beyond = undefined;
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

  /** All up to `seq` has been taken by the reader. True: the position has moved. */
  advance(seq: number): boolean {
    const taken = this.#queued.removeThrough(seq);
    this.#taken += taken;
    return taken > 0;
  }

  /** All up to `seq` goes without having been taken. */
  dropThrough(seq: number): void {
    this.#queued.removeThrough(seq);
  }

  /** Up to `count` of the oldest in the queue. */
  *places(count: number): Iterable<Place> {
    for (let index = 0; index < count; index += 1) {
      const place = this.#queued.at(index);
      if (place === undefined) return;
      yield place;
    }
  }

  /** The newest number in the queue. */
  newest(): number | undefined {
    return this.#queued.at(this.length - 1)?.seq;
  }

  /** Forgets everything that is queued, and begins again behind `seq`, with the records that are offered from now on. */
  restartBehind(seq: number): void {
    this.#leave();
    this.#queue = undefined;
    this.#beyond = undefined;
    this.#scanned = seq;
    this.#isLive = true;
  }

  /** Takes single numbers out of the queue. */
  drop(seqs: readonly number[]): void {
    this.#queue?.remove(seqs);
  }

  end(): void {
    this.isEnded = true;
    this.#leave();
  }

  /** Replaces the newest number where only that is kept. */
  #coalesce(place: Place): boolean {
    const newest = this.newest();
    if (this.coalesceAfter === undefined || newest === undefined || newest <= this.coalesceAfter) return false;
    this.#queue?.remove([newest]);
    this.#enqueue(place);
    return true;
  }

  get #queued(): typeof NOTHING_QUEUED {
    return this.#queue ?? NOTHING_QUEUED;
  }

  #enqueue(place: Place): void {
    this.#queue ??= new SeqQueue();
    this.#queue.push(place);
  }

  #note<Key extends keyof Circumstances>(key: Key, value: Circumstances[Key]): void {
    if (this.#circumstances === undefined && value === ORDINARY[key]) return;
    this.#circumstances ??= { ...ORDINARY };
    this.#circumstances[key] = value;
  }

  #leave(): void {
    if (this.#pass === undefined) return;
    if (this.#isActive) this.#pass.active -= 1;
    this.#isActive = false;
    this.#pass = undefined;
  }
}
