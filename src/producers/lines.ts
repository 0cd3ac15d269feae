import type { RemoteProducer, RemoteSubscription } from '../engine/ports/remote-producers.ts';
import { isRunning, type Line, nextStep, type Step, topicKey } from './line.ts';
import type { Rest } from './rest.ts';

/** All lines of one producer. */
export class Lines {
  readonly #newRest: () => Rest;
  readonly #lines = new Map<string, Line>();
  #isLoaded = false;
  /** What is held is not what is remembered. */
  isUnwritten = false;

  constructor(newRest: () => Rest) {
    this.#newRest = newRest;
  }

  get size(): number {
    return this.#lines.size;
  }

  values(): IterableIterator<Line> {
    return this.#lines.values();
  }

  /**
   * Takes over what is wanted; and what is held, the first time only: from then on it is known best here. Lines that are no
   * longer listed go when their subscription has gone.
   */
  learn(producer: RemoteProducer, now: number): void {
    if (!this.#isLoaded) {
      this.#isLoaded = true;
      // Renewed at once, whatever is left of it: that shows whether the producer still knows it.
      for (const held of producer.remote) Object.assign(this.#line(held.topic), { held, renewAt: now });
    }
    for (const line of this.#lines.values()) Object.assign(line, { isListed: false, isWanted: false });
    for (const { expression, isWanted } of producer.isEnded ? [] : producer.topics) {
      const line = this.#line(topicKey(expression));
      line.expression = expression;
      line.isListed = true;
      line.isWanted ||= isWanted || producer.kind === 'source';
    }
    for (const line of this.#lines.values()) {
      if (line.isListed || (line.held !== undefined && isRunning(line.held))) continue;
      this.isUnwritten ||= line.held !== undefined;
      void line.puller?.stop();
      this.#lines.delete(line.key);
    }
  }

  /** Forgets the failures of all lines. */
  hurry(): void {
    for (const { rest } of this.#lines.values()) rest.reset();
  }

  /** A step that can be done now. Lines that are as they should be forget their failures. */
  nextDue(now: number): { readonly line: Line; readonly step: Step } | undefined {
    for (const line of this.#lines.values()) {
      const step = nextStep(line, now);
      if (step === undefined) line.rest.reset();
      else if (line.rest.until <= now) return { line, step };
    }
    return undefined;
  }

  /** When there is no step to do now: for how many milliseconds; undefined: until something changes. */
  quietMs(now: number): number | undefined {
    let at = Infinity;
    for (const line of this.#lines.values()) {
      if (nextStep(line, now) !== undefined) at = Math.min(at, line.rest.until);
      else if (line.held !== undefined && isRunning(line.held)) at = Math.min(at, line.renewAt);
    }
    return at === Infinity ? undefined : Math.max(0, at - now);
  }

  /** Every topic that is listed was subscribed to, and this is remembered. */
  areEstablished(): boolean {
    if (this.isUnwritten) return false;
    for (const line of this.#lines.values()) if (line.isListed && line.held === undefined) return false;
    return true;
  }

  /** What is to be remembered. */
  held(): readonly RemoteSubscription[] {
    return [...this.#lines.values()].flatMap(({ held }) => held ?? []);
  }

  /** The subscription of a line has come to its end here, whatever the producer still has of it. */
  giveUp(line: Line): void {
    const { held } = line;
    line.isToBeReplaced = false;
    line.unsubscribeFailures = 0;
    line.held = line.isListed && held?.canPause === false ? { ...held, isPaused: true } : undefined;
    this.isUnwritten = true;
  }

  /** The producer cannot pause the subscription of a line. */
  cannotPause(line: Line): void {
    if (line.held === undefined) return;
    line.held = { ...line.held, canPause: false };
    this.isUnwritten = true;
  }

  #line(key: string): Line {
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line: Line = {
      key,
      expression: undefined,
      isListed: true,
      isWanted: false,
      held: undefined,
      renewAt: 0,
      isToBeReplaced: false,
      unsubscribeFailures: 0,
      pendingMessageId: undefined,
      rest: this.#newRest(),
      pullRest: this.#newRest(),
      puller: undefined,
    };
    this.#lines.set(key, line);
    return line;
  }
}
