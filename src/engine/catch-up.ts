import type { Cursor, Pass } from './cursor.ts';
import type { Life } from './life.ts';
import type { MessageLog } from './log.ts';
import type { EntryHeader } from './records.ts';

/** Calls `visit` for the cursor of each reader that a record is for. */
export type Route = (header: EntryHeader, visit: (cursor: Cursor) => void) => void;

/** Reads the log again for the cursors that are behind. */
export class CatchUp {
  readonly #log: MessageLog;
  readonly #life: Life;
  readonly #route: Route;

  constructor({ log, life, route }: { log: MessageLog; life: Life; route: Route }) {
    this.#log = log;
    this.#life = life;
    this.#route = route;
  }

  /**
   * Reads on for one cursor until its queue has `enough` numbers or it is live. The queue may grow to `capacity`.
   */
  async fill(cursor: Cursor, enough: number, capacity: number): Promise<void> {
    cursor.leavePass();
    while (!cursor.isEnded && !this.#life.hasEnded && cursor.length < enough) {
      if (cursor.scanned(this.#log.head) >= this.#log.head) cursor.goLive();
      if (cursor.isLive) return;
      const { headers, through } = await this.#log.chunkAfter(cursor.scanned(this.#log.head));
      const isRead = headers.every((header) => !cursor.matches(header) || cursor.offerRead(header, capacity));
      if (isRead) cursor.readThrough(through);
    }
  }

  /** The newest number above `after` and up to `through` that is for the cursor's reader. */
  async lastMatch(cursor: Cursor, after: number, through: number): Promise<number | undefined> {
    const newest = cursor.newest();
    if (cursor.isLive) return newest !== undefined && newest > after ? newest : undefined;
    let last: number | undefined;
    let at = Math.max(after, cursor.position(this.#log.head));
    while (at < through && !this.#life.hasEnded) {
      const chunk = await this.#log.chunkAfter(at);
      for (const header of chunk.headers) {
        if (header.seq > after && header.seq <= through && cursor.matches(header)) last = header.seq;
      }
      at = chunk.through;
    }
    return last;
  }

  /**
   * Reads the log once for all of `cursors`, from the lowest on, and ends when each is live or has its queue full.
   * Where nobody needs the log any more it skips to the next that does: a reader with a full queue holds up nobody.
   */
  async pass(cursors: readonly Cursor[]): Promise<void> {
    const waiting = cursors
      .map((cursor) => ({ cursor, from: cursor.scanned(this.#log.head) }))
      .sort((a, b) => b.from - a.from);
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
      this.#route(header, (cursor) => {
        if (cursor.pass === pass && cursor.offerRead(header)) offered.add(cursor);
      });
    }
    pass.at = Math.max(pass.at, through);
    for (const cursor of offered) cursor.announce();
  }
}
