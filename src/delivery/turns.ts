import { type BackoffBounds, fullJitter } from '../kernel/backoff.ts';
import { Passing } from '../kernel/passing.ts';
import { Row } from './row.ts';

/** How many tries may be under way at once, and what makes a destination lose that trust. */
export interface TurnLimits {
  readonly perDestination: number;
  /** For all slow destinations together, so that they cannot take every place there is. */
  readonly slowTogether: number;
  /** A destination whose last try took longer is slow, in milliseconds. */
  readonly slowMs: number;
  /** Failures in a row after which a destination gets one probe at a time. */
  readonly failuresUntilOpen: number;
}

/** Where subscriptions are sent to: scheme, host and port. Keeps what has been learned of it while somebody waits for it. */
export interface Destination<T> {
  readonly key: string;
  /** Made when it is needed: a destination with one subscription needs none. */
  ready: Row<T> | undefined;
  /** Where it waits for its turn. */
  lane: Row<Destination<T>> | undefined;
  members: number;
  inFlight: number;
  /** Tries that may be under way at once: one for a stranger, one more with each success. */
  allowed: number;
  isSlow: boolean;
  failures: number;
  /** With an open circuit: when the next probe may go. */
  probeAt: number;
  isProbing: boolean;
  /** Tries that have succeeded: tells a message that fails alone from a destination that is down. */
  successes: number;
  /** Items that wait for their next try and may go as soon as the destination is known to be back. */
  resting: Passing<T, true> | undefined;
}

/** How a try ended. `refused`: the destination is well, the message will not do. `unused`: there was none. */
export type TryResult = 'succeeded' | 'failed' | 'refused' | 'unused';

/** The right to one try at a destination. */
export interface Slot<T> {
  readonly destination: Destination<T>;
  readonly isSlow: boolean;
  readonly isProbe: boolean;
}

/** Whose turn it is. Without a slot: its destination is not known yet, admit() it once it is. */
export interface Turn<T> {
  readonly item: T;
  readonly slot: Slot<T> | undefined;
}

export interface TurnsOptions {
  readonly limits: TurnLimits;
  readonly backoff: BackoffBounds;
  /** The monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
}

/**
 * Fair turns: round robin between three lanes (not known yet, brisk, slow), between the destinations of a lane, and
 * between the subscriptions of a destination. A destination is in a lane only while it may be tried, so a turn costs
 * the same however many others wait.
 */
export class Turns<T> {
  readonly #options: TurnsOptions;
  readonly #destinations = new Passing<string, Destination<T>>();
  readonly #strangers = new Row<T>();
  readonly #brisk = new Row<Destination<T>>();
  readonly #slow = new Row<Destination<T>>();
  #slowInFlight = 0;
  #lane = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** The destination of that key, with one member more. */
  join(key: string): Destination<T> {
    let destination = this.#destinations.get(key);
    if (destination === undefined) {
      destination = {
        key,
        ready: undefined,
        lane: undefined,
        members: 0,
        inFlight: 0,
        allowed: 1,
        isSlow: false,
        failures: 0,
        probeAt: 0,
        isProbing: false,
        successes: 0,
        resting: undefined,
      };
      this.#destinations.set(key, destination);
    }
    destination.members += 1;
    return destination;
  }

  /** One member less; a destination without members is forgotten. */
  part(destination: Destination<T>): void {
    destination.members -= 1;
    if (destination.members <= 0) this.#destinations.delete(destination.key);
  }

  /** `item` wants a turn. */
  add(item: T, destination: Destination<T> | undefined): void {
    if (destination === undefined) {
      this.#strangers.add(item);
      return;
    }
    destination.ready ??= new Row();
    destination.ready.add(item);
    this.place(destination);
  }

  /** The next turn, which is over with end() if it has a slot. Undefined: nobody may go now. */
  next(): Turn<T> | undefined {
    for (let tries = 0; tries < 3; tries += 1) {
      this.#lane = (this.#lane + 1) % 3;
      const turn = this.#nextOf(this.#lane);
      if (turn !== undefined) return turn;
    }
    return undefined;
  }

  /** A slot for somebody whose destination has just become known. Undefined: it has to wait its turn there. */
  admit(destination: Destination<T>): Slot<T> | undefined {
    if (!this.#hasRoom(destination) || (destination.isSlow && !this.#hasRoomForSlow())) return undefined;
    return this.#take(destination);
  }

  /**
   * The try is over. When the circuit of the destination opens (or stays open), returns the
   * monotonic time at which to call place() for it.
   */
  end(slot: Slot<T>, result: TryResult, durationMs: number): number | undefined {
    const { destination } = slot;
    destination.inFlight -= 1;
    if (slot.isSlow) this.#slowInFlight -= 1;
    if (slot.isProbe) destination.isProbing = false;
    if (result !== 'unused') destination.isSlow = durationMs > this.#options.limits.slowMs;
    const probeAt = this.#learn(slot, result);
    this.place(destination);
    return probeAt;
  }

  /** Looks again whether a destination may be tried. */
  place(destination: Destination<T>): void {
    const { ready, isSlow, lane } = destination;
    const isReady = ready !== undefined && ready.size > 0 && this.#hasRoom(destination);
    const wanted = !isReady ? undefined : isSlow ? this.#slow : this.#brisk;
    if (wanted === lane) return;
    lane?.delete(destination);
    wanted?.add(destination);
    destination.lane = wanted;
  }

  #learn({ destination, isProbe }: Slot<T>, result: TryResult): number | undefined {
    const { limits, backoff, now, random } = this.#options;
    if (result === 'refused') destination.failures = 0;
    if (result === 'succeeded') {
      destination.successes += 1;
      destination.failures = 0;
      destination.allowed = destination.isSlow ? 1 : Math.min(limits.perDestination, destination.allowed + 1);
    }
    if (result !== 'failed') return undefined;
    destination.allowed = 1;
    // Those that were under way when the circuit opened tell nothing new.
    if (destination.failures >= limits.failuresUntilOpen && !isProbe) return undefined;
    destination.failures += 1;
    if (destination.failures < limits.failuresUntilOpen) return undefined;
    const probes = destination.failures - limits.failuresUntilOpen + 1;
    destination.probeAt = now() + fullJitter(probes, backoff, random);
    return destination.probeAt;
  }

  #nextOf(lane: number): Turn<T> | undefined {
    if (lane === 0) {
      const item = this.#strangers.shift();
      return item === undefined ? undefined : { item, slot: undefined };
    }
    if (lane === 2 && !this.#hasRoomForSlow()) return undefined;
    const destination = (lane === 1 ? this.#brisk : this.#slow).shift();
    if (destination === undefined) return undefined;
    destination.lane = undefined;
    const item = destination.ready?.shift();
    return item === undefined ? undefined : { item, slot: this.#take(destination) };
  }

  #take(destination: Destination<T>): Slot<T> {
    const isProbe = this.#isOpen(destination);
    const slot = { destination, isSlow: destination.isSlow, isProbe };
    destination.inFlight += 1;
    if (slot.isSlow) this.#slowInFlight += 1;
    if (isProbe) destination.isProbing = true;
    this.place(destination);
    return slot;
  }

  #isOpen(destination: Destination<T>): boolean {
    return destination.failures >= this.#options.limits.failuresUntilOpen;
  }

  #hasRoom(destination: Destination<T>): boolean {
    if (this.#isOpen(destination)) return !destination.isProbing && this.#options.now() >= destination.probeAt;
    return destination.inFlight < destination.allowed;
  }

  #hasRoomForSlow(): boolean {
    return this.#slowInFlight < this.#options.limits.slowTogether;
  }
}
