import { codeOf, messageOf } from '../../kernel/errors.ts';
import type { Ballast } from './ballast.ts';
import type { EngineDatabase } from './engine-database.ts';
import { StoreFailure } from './failures.ts';
import type { News, StoreTuning } from './protocol.ts';

/** How often an open database is looked after, in milliseconds; a mark on the disk is older by as much at most. */
export const UPKEEP_EVERY_MS = 1000;

/**
 * What an open database needs beside its calls: its mark brought to the disk, its log moved into it when nobody
 * writes, a word when the log grows without bounds, and its ballast. Every tick is short: calls wait for it.
 */
export class Upkeep {
  readonly #database: EngineDatabase;
  readonly #ballast: Ballast;
  readonly #tuning: StoreTuning;
  readonly #tell: (news: News) => void;
  #ticks = 0;
  #commits: number;
  #isMoved = false;
  #isAlarmed = false;
  #wasReleased = false;

  constructor(database: EngineDatabase, ballast: Ballast, tuning: StoreTuning, tell: (news: News) => void) {
    this.#database = database;
    this.#ballast = ballast;
    this.#tuning = tuning;
    this.#tell = tell;
    this.#commits = database.commits;
  }

  /** Call it every UPKEEP_EVERY_MS. Throws StoreFailure `broken` when the disk has failed. */
  tick(): void {
    this.#ticks += 1;
    this.#database.syncMark();
    this.#moveLogWhenIdle();
    this.#watchLog();
    this.#tendBallast();
  }

  #moveLogWhenIdle(): void {
    const { commits } = this.#database;
    const isIdle = commits === this.#commits;
    if (!isIdle) this.#isMoved = false;
    this.#commits = commits;
    if (!isIdle || this.#isMoved) return;
    this.#isMoved = true;
    this.#database.moveLog();
  }

  #watchLog(): void {
    const bytes = this.#database.logBytes();
    const isLarge = bytes > this.#tuning.walAlarmBytes;
    if (isLarge && !this.#isAlarmed) {
      const text =
        'The write-ahead log is very large: somebody reads the database all the time, or the disk is too slow';
      this.#tell({ level: 'warn', message: text, fields: { walBytes: bytes } });
    }
    if (!isLarge && this.#isAlarmed) {
      this.#tell({ level: 'info', message: 'The write-ahead log is small again', fields: { walBytes: bytes } });
    }
    this.#isAlarmed = isLarge;
    // It can only begin anew when no reader is in it: tried until that succeeds.
    if (isLarge) this.#database.truncateLog();
  }

  #tendBallast(): void {
    if (this.#ballast.isReleased && !this.#wasReleased) {
      const text = 'The disk is full: the ballast is given up, only deliveries and deletions are still written';
      this.#tell({ level: 'error', message: text, fields: {} });
    }
    if (this.#ballast.isReleased || this.#ticks % this.#tuning.ballastEveryTicks === 0) this.#makeBallast();
    if (this.#wasReleased && !this.#ballast.isReleased) {
      this.#tell({ level: 'info', message: 'There is space again: everything is written', fields: {} });
    }
    this.#wasReleased = this.#ballast.isReleased;
  }

  #makeBallast(): void {
    try {
      this.#ballast.make();
    } catch (error) {
      if (codeOf(error) === 'EIO') throw new StoreFailure('broken', messageOf(error), error);
      this.#tell({ level: 'warn', message: 'Cannot make the ballast', fields: { error: messageOf(error) } });
    }
  }
}
