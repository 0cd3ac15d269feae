import type { Clock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { Cursor, Pass } from './cursor.ts';
import type { Life } from './life.ts';
import type { MessageLog } from './log.ts';
import type { EntryHeader } from './entry.ts';
import { undecided } from './undecided.ts';

/** How often, and how far apart, it is asked on behalf of a request whether a record is for a reader. */
const TRIES = 50;
const PAUSE_MS = 100;
/** How long it may take until it is asked again in the background: twice as long each time, for asking is dear then. */
const MOST_PAUSE_MS = 2_000;

/** Calls `visit` for the cursor of each reader that a record is for, and `onUndecided` where that cannot be told now. */
export type Route = (
  header: EntryHeader,
  visit: (cursor: Cursor) => void,
  onUndecided: (cursor: Cursor) => void,
) => void;

interface CatchUpOptions {
  readonly log: MessageLog;
  readonly life: Life;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly route: Route;
}

/**
 * Reads the log again for the cursors that are behind. Where it cannot be told whether a record is for a reader, the reading
 * for that reader ends before it, and is taken up again after a pause.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #log: MessageLog;
  readonly #life: Life;
  /** Those that are read for alone, now. */
  readonly #filling = new Set<Cursor>();
  /** Those whose reading has ended before a record that they may have to get. */
  readonly #undecided = new Set<Cursor>();
  #isAskingAgain = false;
  #pauseMs = PAUSE_MS;
  #askAgainAt = -Infinity;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#life = options.life;
  }

  /**
   * Reads on for one cursor until its queue has `enough` numbers, it is live, or it cannot be told whether the next record is
   * for it. The queue may grow to `capacity`.
   */
  async fill(cursor: Cursor, enough: number, capacity: number): Promise<void> {
    cursor.leavePass();
    this.#filling.add(cursor);
    try {
      while (!cursor.isEnded && !this.#life.hasEnded && cursor.length < enough) {
        if (cursor.scanned(this.#log.head) >= this.#log.head) cursor.goLive();
        if (cursor.isLive) return;
        const from = cursor.scanned(this.#log.head);
        const { headers, through } = await this.#log.chunkAfter(from);
        const outcome = this.#offerAll(cursor, headers, capacity);
        if (outcome === 'undecided') return;
        if (outcome === 'all') cursor.readThrough(through);
      }
    } finally {
      this.#filling.delete(cursor);
    }
  }

  /** The reading for this cursor has to be taken up again, after a pause. */
  askLater(cursor: Cursor): void {
    this.#undecided.add(cursor);
  }

  /**
   * Reads on for those whose reading ended before a record that they may have to get, in the background. To be called every
   * now and then: what could not be told may be told a little later.
   */
  askAgain(): void {
    const { clock, logger } = this.#options;
    if (this.#undecided.size === 0 || this.#isAskingAgain || clock.monotonic() < this.#askAgainAt) return;
    // Somebody reads for the others, and they come back here if that ends as it did before.
    const cursors = [...this.#undecided].filter(
      (cursor) => !cursor.isEnded && !cursor.isLive && cursor.pass === undefined && !this.#filling.has(cursor),
    );
    this.#undecided.clear();
    this.#isAskingAgain = true;
    void this.pass(cursors)
      .catch((error: unknown) => {
        this.#life.translate(error);
        for (const cursor of cursors) {
          cursor.leavePass();
          this.askLater(cursor);
        }
        logger.warn('Cannot read the log again; it is tried again', { error: messageOf(error) });
      })
      .finally(() => {
        this.#isAskingAgain = false;
        this.#pauseMs = this.#undecided.size === 0 ? PAUSE_MS : Math.min(2 * this.#pauseMs, MOST_PAUSE_MS);
        this.#askAgainAt = clock.monotonic() + this.#pauseMs;
      });
  }

  #offerAll(cursor: Cursor, headers: readonly EntryHeader[], capacity: number): 'all' | 'full' | 'undecided' {
    for (const header of headers) {
      if (header.seq <= cursor.scanned(this.#log.head)) continue;
      const matches = cursor.matches(header);
      if (matches === undefined) {
        this.#stop(cursor, header.seq);
        return 'undecided';
      }
      if (matches && !cursor.offerRead(header, capacity)) return 'full';
    }
    return 'all';
  }

  #stop(cursor: Cursor, seq: number): void {
    if (cursor.stopBefore(seq)) this.askLater(cursor);
  }

  /**
   * The newest number above `after` and up to `through` that is for the cursor's reader. Throws InfrastructureError
   * (`overloaded`) where that cannot be told for some seconds.
   */
  async lastMatch(cursor: Cursor, after: number, through: number): Promise<number | undefined> {
    const newest = cursor.newest();
    if (cursor.isLive) return newest !== undefined && newest > after ? newest : undefined;
    let last: number | undefined;
    let at = Math.max(after, cursor.position(this.#log.head));
    while (at < through && !this.#life.hasEnded) {
      const chunk = await this.#log.chunkAfter(at);
      for (const header of chunk.headers) {
        if (header.seq > after && header.seq <= through && (await this.#isFor(cursor, header))) last = header.seq;
      }
      at = chunk.through;
    }
    return last;
  }

  async #isFor(cursor: Cursor, header: EntryHeader): Promise<boolean> {
    const { clock } = this.#options;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const matches = cursor.matches(header);
      if (matches !== undefined) return matches;
      await clock.sleep(PAUSE_MS, this.#life.signal);
    }
    throw undecided();
  }

  /**
   * Reads the log once for all of `cursors`, from the lowest on, and ends when each is live or has its queue full.
   * Where nobody needs the log any more it skips to the next that does: a reader with a full queue holds up nobody.
   */
  async pass(cursors: readonly Cursor[]): Promise<void> {
    const { head } = this.#log;
    const waiting: { readonly cursor: Cursor; readonly from: number }[] = [];
    for (const cursor of cursors) {
      const from = cursor.scanned(head);
      // Most of a hundred thousand at a restart: they have nothing to wait for.
      if (from < head) waiting.push({ cursor, from });
      else if (!this.#life.hasEnded) cursor.goLive();
    }
    waiting.sort((a, b) => b.from - a.from);
    const pass: Pass = { at: waiting.at(-1)?.from ?? 0, active: 0 };
    for (const { cursor } of waiting) cursor.join(pass);
    while (!this.#life.hasEnded) {
      this.#activate(pass, waiting);
      if (pass.active === 0 && waiting.length === 0) return;
      if (pass.at >= this.#log.head) break;
      await this.#readOn(pass);
    }
    for (const cursor of cursors) {
      if (cursor.pass === pass && !this.#life.hasEnded) cursor.goLive();
    }
  }

  /** Lets those take part whose place in the log is reached; `waiting` has the lowest last. */
  #activate(pass: Pass, waiting: { readonly cursor: Cursor; readonly from: number }[]): void {
    for (;;) {
      const next = waiting.at(-1);
      if (next === undefined) return;
      if (next.from > pass.at) {
        if (pass.active > 0) return;
        pass.at = next.from;
      }
      waiting.pop();
      next.cursor.activate(pass);
    }
  }

  async #readOn(pass: Pass): Promise<void> {
    const { headers, through } = await this.#log.chunkAfter(pass.at);
    const offered = new Set<Cursor>();
    for (const header of headers) {
      if (header.seq <= pass.at) continue;
      const offer = (cursor: Cursor): void => {
        if (cursor.pass === pass && cursor.offerRead(header)) offered.add(cursor);
      };
      this.#options.route(header, offer, (cursor) => {
        if (cursor.pass === pass) this.#stop(cursor, header.seq);
      });
    }
    pass.at = Math.max(pass.at, through);
    for (const cursor of offered) cursor.announce();
  }
}
