import type { Directory } from '../cluster/ports/directory.ts';
import type { Engines } from '../engine/ports/engine.ts';
import type { LinkOutlet } from '../engine/ports/link-outlet.ts';
import { fullJitter } from '../kernel/backoff.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName } from '../kernel/names.ts';
import { Wakeup } from '../kernel/wakeup.ts';

/** Largest batch that goes over a link at once. */
const MAX_RECORDS = 256;
const MAX_BYTES = 1024 * 1024;
/** A peer that does not answer within this time is asked again; what it took twice it recognises. */
const ANSWER_TIMEOUT_MS = 10_000;
const RETRY = { firstMs: 50, maxMs: 1_000 };

export interface LinksOptions {
  readonly outlet: LinkOutlet;
  readonly engines: Engines;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends with the tenure of the engine. */
  readonly signal: AbortSignal;
}

/**
 * The links of one active engine: carries what was published at it to the peers that want it, and tells the peers
 * what it wants. Two loops for each peer; a peer that is away holds up nobody else, and misses nothing that it had asked for.
 */
export class Links {
  readonly #options: LinksOptions;
  readonly #peers = new Map<EngineName, { readonly outgoing: Wakeup; readonly interest: InterestTeller }>();
  readonly #running: Promise<void>[] = [];
  #hasStarted = false;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.meet();
  }

  /** Takes up the links to engines that have come to the bus. The outlet must know them before. */
  meet(): void {
    const { engines, outlet, signal } = this.#options;
    for (const peer of engines.names()) {
      if (peer === outlet.engine || this.#peers.has(peer)) continue;
      this.#peers.set(peer, { outgoing: new Wakeup(), interest: new InterestTeller(peer, this.#options) });
      if (this.#hasStarted && !signal.aborted) this.#run(peer);
    }
  }

  /** Starts the loops; they end when the tenure's signal aborts. */
  start(): void {
    const { outlet, directory, signal } = this.#options;
    this.#hasStarted = true;
    for (const peer of this.#peers.keys()) this.#run(peer);
    outlet.onReady((peer) => this.#peers.get(peer)?.outgoing.wake(), signal);
    outlet.onInterest(() => {
      for (const { interest } of this.#peers.values()) interest.wake();
    }, signal);
    directory.onChange(({ engine }) => {
      const peer = this.#peers.get(engine);
      peer?.outgoing.wake();
      peer?.interest.wakeAnew();
    }, signal);
  }

  /** Resolves when the peers that are up know the present interest, at the latest after `patienceMs`. */
  async interestTold(patienceMs: number): Promise<void> {
    const { engines, clock } = this.#options;
    const told = engines.up().map(async ({ name }) => this.#peers.get(name)?.interest.told());
    const patience = new AbortController();
    await Promise.race([Promise.all(told), clock.sleep(patienceMs, patience.signal).catch(() => undefined)]);
    patience.abort();
  }

  /** Resolves when the loops have ended, after the signal aborted. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #run(peer: EngineName): void {
    const link = this.#peers.get(peer);
    if (link !== undefined) this.#running.push(this.#forward(peer, link.outgoing), link.interest.run());
  }

  async #forward(peer: EngineName, wakeup: Wakeup): Promise<void> {
    const { outlet, clock, signal, logger } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (await this.#forwardOnce(peer)) {
          failures = 0;
          continue;
        }
        await wakeup.wait(signal);
      } catch (error) {
        failures += 1;
        logger.debug('Link waits', { engine: outlet.engine, peer, attempt: failures, error: messageOf(error) });
        await wakeup.wait(signal, clock, 5 + fullJitter(failures, RETRY)).catch(() => undefined);
      }
    }
  }

  /** Forwards one batch. False: there is none. */
  async #forwardOnce(peer: EngineName): Promise<boolean> {
    const { outlet, engines, signal } = this.#options;
    const claim = await outlet.claim(peer, MAX_RECORDS, MAX_BYTES);
    if (claim === undefined) return false;
    try {
      const target = engines.find(peer);
      if (target === undefined) throw new Error(`No engine "${peer}" on the bus`);
      const request = { origin: outlet.engine, records: claim.records };
      using deadline = new Deadline(ANSWER_TIMEOUT_MS, signal);
      await target.execute('acceptLink', request, { requestId: '', signal: deadline.signal });
    } catch (error) {
      claim.settle('failed');
      throw error;
    }
    claim.settle('accepted');
    return true;
  }
}

/** Keeps one peer informed of what the engine wants, by changes, and by the whole where the peer does not follow. */
class InterestTeller {
  readonly #peer: EngineName;
  readonly #options: LinksOptions;
  readonly #wakeup = new Wakeup();
  #known: number | undefined;
  readonly #waiting: (() => void)[] = [];
  #isBusy = true;

  constructor(peer: EngineName, options: LinksOptions) {
    this.#peer = peer;
    this.#options = options;
  }

  wake(): void {
    this.#isBusy = true;
    this.#wakeup.wake();
  }

  /** The peer started anew, perhaps from a store that has not heard the last change. */
  wakeAnew(): void {
    this.#known = undefined;
    this.wake();
  }

  /** Resolves when the peer knows all that was wanted at the time of the call, or could not be reached. */
  async told(): Promise<void> {
    if (!this.#isBusy) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#isBusy = true;
        const waiting = this.#waiting.splice(0);
        const isMore = await this.#tell().finally(() => waiting.forEach((resolve) => resolve()));
        failures = 0;
        if (isMore) continue;
        this.#isBusy = false;
        if (this.#waiting.length > 0) continue;
        await this.#wakeup.wait(signal);
      } catch {
        failures += 1;
        await this.#wakeup.wait(signal, clock, 5 + fullJitter(failures, RETRY)).catch(() => undefined);
      }
    }
    this.#waiting.splice(0).forEach((resolve) => resolve());
  }

  /** Tells the change since the last one that the peer confirmed. True: there may be more to tell. */
  async #tell(): Promise<boolean> {
    const { outlet, engines, signal } = this.#options;
    const change = outlet.interestSince(this.#known);
    if (change === undefined) return false;
    const target = engines.find(this.#peer);
    if (target === undefined) return false;
    using deadline = new Deadline(ANSWER_TIMEOUT_MS, signal);
    const context = { requestId: '', signal: deadline.signal };
    const { known } = await target.execute('learnInterest', { peer: outlet.engine, change }, context);
    this.#known = known ? change.revision : undefined;
    return true;
  }
}
