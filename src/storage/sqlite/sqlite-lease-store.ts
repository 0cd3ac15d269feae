import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Contender, HeldLease, LeaseStore, LeaseView } from '../../cluster/ports/lease-store.ts';
import type { Clock } from '../../kernel/clock.ts';
import { codeOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import { atOnce } from './at-once.ts';
import type { EngineLock } from './engine-lock.ts';
import type { EnginePlace } from './engine-place.ts';
import type { LeaseRecord } from './lease-file.ts';
import { type Life, isLockedByOthers, isOtherLivingProcess, ownLife } from './machine.ts';
import { Opening } from './opening.ts';

/** Somebody who only looks has the lock for microseconds: so often it is tried again, once per turn of the event loop. */
const TRIES = 5;
const EVICTION_TIMEOUT_MS = 1000;
const EVICTION_POLL_MS = 5;

/** The leases of the engines in one directory: a lock file and a lease file for each (design: lease and fence, §2.6). */
export class SqliteLeaseStore implements LeaseStore {
  readonly #placeOf: (engine: string) => EnginePlace;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #life: Life | undefined;

  constructor(options: { placeOf: (engine: string) => EnginePlace; clock: Clock; logger: Logger }) {
    this.#placeOf = options.placeOf;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** The holder is the one that the lease file names, dead or alive; `isFree` tells which. */
  observe(engine: string): Promise<LeaseView> {
    return atOnce(() => {
      const place = this.#placeOf(engine);
      // Started ahead, so that a takeover does not wait for it.
      place.thread.start();
      return viewOf(place.readLease(), place.lock.isFree());
    });
  }

  async acquire(engine: string, contender: Contender): Promise<HeldLease | undefined> {
    const place = this.#placeOf(engine);
    if (!(await takeLock(place.lock))) return undefined;
    let opening: Opening | undefined;
    try {
      opening = new Opening(place, { ...contender, life: this.#ownLife() }, this.#logger);
      return await opening.run();
    } catch (error) {
      await opening?.abandon();
      place.lock.giveBack();
      throw error;
    }
  }

  async evict(engine: string, observed: LeaseView): Promise<boolean> {
    const place = this.#placeOf(engine);
    if (place.lock.isFree()) return true;
    const found = place.readLease();
    const life = found.holder?.life;
    if (life === undefined || !isSame(found, observed)) return false;
    if (!isOtherLivingProcess(life, this.#ownLife()) || isLockedByOthers(place.lockInode(), life.pid)) return false;
    // Between the look at its start time and the signal the kernel would have to use up all other process ids first.
    if (!kill(life.pid)) return false;
    this.#logger.warn('Killed a holder that did not renew', { engine, server: found.holder?.server, pid: life.pid });
    return this.#waitUntilFree(place);
  }

  async #waitUntilFree(place: EnginePlace): Promise<boolean> {
    const deadline = this.#clock.monotonic() + EVICTION_TIMEOUT_MS;
    while (!place.lock.isFree()) {
      if (this.#clock.monotonic() >= deadline) return false;
      await this.#clock.sleep(EVICTION_POLL_MS);
    }
    return true;
  }

  #ownLife(): Life {
    this.#life ??= ownLife();
    return this.#life;
  }
}

async function takeLock(lock: EngineLock): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (lock.tryTake()) return true;
    if (!lock.isFree()) return false;
    await nextTurn();
  }
  return false;
}

function viewOf({ epoch, counter, holder, handoffTo }: LeaseRecord, isFree: boolean): LeaseView {
  return {
    epoch,
    counter,
    isFree,
    ...(holder === undefined ? {} : { holder: { server: holder.server, incarnation: holder.incarnation } }),
    ...(handoffTo === undefined ? {} : { handoffTo }),
  };
}

function isSame(found: LeaseRecord, observed: LeaseView): boolean {
  return (
    found.epoch === observed.epoch &&
    found.counter === observed.counter &&
    found.holder?.incarnation === observed.holder?.incarnation
  );
}

/** False when this process may not kill that one. One that is gone already is as good as killed. */
function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}
