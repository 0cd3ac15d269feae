import { systemClock } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import { InfrastructureError } from '../../kernel/errors.ts';
import { EvaluatorThread } from './evaluator-thread.ts';
import { KnownExpressions } from './known-expressions.ts';
import type { KnownExpression } from './known-expressions.ts';
import { MAX_MEMORY_MIB, MAX_TESTS, NO_EXPRESSION, OUTCOME } from './protocol.ts';
import type { Answer, Call } from './protocol.ts';
import { Strikes } from './strikes.ts';
import { XPathError } from './xpath.ts';
import type { XPath, XPathExpression, XPathResult } from './xpath.ts';

/** Bytes of a document that expressions are evaluated over. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
/** The limit is watched in so many steps, so that it is exceeded by no more than one of them. */
const STEPS = 5;
/** One call may take so many times the limit; what is then still open is given up. */
const MAX_LIMITS = 4;
/** A thread that was on a processor for less than this part of its time was kept from it by the machine. */
const STARVED = 0.5;
/** A thread that holds more than this is replaced between two calls, because it never gives memory back. */
const TIRED_MIB = MAX_MEMORY_MIB / 2;

export interface XPathSandboxOptions {
  /** How long one expression, or reading the document, may take. Milliseconds; 250 unless told. */
  readonly limitMs?: number;
  /** How long a thread that starts is waited for, standing still: shorter than what a lease can stand. 1,000 unless told. */
  readonly startMs?: number;
  /** How many expressions are kept compiled; at least MAX_TESTS. 10,000 unless told. */
  readonly maxCompiled?: number;
  readonly clock?: Pick<Clock, 'monotonic'>;
}

/** What has happened so far. */
export interface XPathCounts {
  /** Expressions, or documents, that exceeded a limit, those refused for it included. */
  readonly limit: number;
  /** Threads that were given up, for whatever reason, and replaced. */
  readonly replaced: number;
}

/**
 * XPath 1.0 by libxml2 in a thread of its own. The caller waits for the answer, standing still: an expression gets
 * `limitMs`, one call four times that (and a new thread's start each time). What takes longer is broken off, with the thread;
 * where the thread had hardly a processor meanwhile, that is nobody's fault: it is waited for until the call's time is over.
 * An expression that has done so three times is refused at once for ten minutes; in `test` those that have proven to be quick
 * come first, so that nobody's expression can cost them their turn.
 */
export class XPathSandbox implements XPath {
  readonly #limitMs: number;
  readonly #startMs: number;
  readonly #known: KnownExpressions;
  readonly #strikes: Strikes;
  readonly #ends = new Set<Promise<void>>();
  #thread: EvaluatorThread | undefined;
  #isDisposed = false;
  #limit = 0;
  #replaced = 0;

  constructor({ limitMs = 250, startMs = 1_000, maxCompiled = 10_000, clock = systemClock }: XPathSandboxOptions = {}) {
    this.#limitMs = limitMs;
    this.#startMs = startMs;
    this.#known = new KnownExpressions(Math.max(maxCompiled, MAX_TESTS));
    this.#strikes = new Strikes(clock);
  }

  get counts(): XPathCounts {
    return { limit: this.#limit, replaced: this.#replaced };
  }

  /** Resolves when the first call will not have to wait for the thread. May be left out. Throws InfrastructureError. */
  async start(): Promise<void> {
    this.#requireLife();
    const thread = (this.#thread ??= new EvaluatorThread());
    await thread.started();
    if (thread.death !== undefined) throw unavailable(thread.death);
  }

  /** Ends the thread. Every later call throws InfrastructureError. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const thread = this.#thread;
    this.#thread = undefined;
    await Promise.all([thread?.end(), ...this.#ends]);
  }

  check(expression: XPathExpression): void {
    const known = this.#allowed(expression);
    this.#ask(known, () => ({ kind: 'check', id: known.id }));
  }

  test(document: Uint8Array, expressions: readonly XPathExpression[]): readonly (boolean | undefined)[] {
    this.#requireLife();
    const results: (boolean | undefined)[] = expressions.map(() => false);
    if (document.length > MAX_DOCUMENT_BYTES) {
      this.#limit += 1;
      return results;
    }
    let open = this.#inOrder(expressions);
    let steps = STEPS * MAX_LIMITS;
    while (open.length > 0 && steps > 0) {
      const round = open.slice(0, MAX_TESTS);
      const { values, failure, stepsLeft } = this.#testRound(document, round, steps);
      values.forEach((value, index) => (results[round[index]?.place ?? 0] = value));
      steps = stepsLeft;
      if (typeof failure !== 'object') open = open.slice(values.length);
      else open = [...open.slice(values.length + 1), ...this.#secondTry(failure)];
      if (failure === 'machine') break;
      if (failure !== 'document') continue;
      this.#limit += open.length;
      return results;
    }
    for (const { place } of open) results[place] = undefined;
    return results;
  }

  evaluate(
    document: Uint8Array,
    expression: XPathExpression,
    context: 'document' | 'root-element' = 'document',
  ): XPathResult {
    const known = this.#allowed(expression);
    if (document.length > MAX_DOCUMENT_BYTES) {
      throw this.#exceeded(`Found a document of ${document.length} bytes, expected at most ${MAX_DOCUMENT_BYTES}`);
    }
    const result = this.#ask(known, () => ({
      kind: 'evaluate',
      document: new Uint8Array(document),
      id: known.id,
      context,
    }));
    if (result === undefined) throw new XPathError('evaluation', 'libxml2 gave no result');
    return result;
  }

  /** Those that can be tried at all: the proven ones first, those that have failed before last. */
  #inOrder(expressions: readonly XPathExpression[]): readonly Tested[] {
    const proven: Tested[] = [];
    const unproven: Tested[] = [];
    const struck: Tested[] = [];
    for (const [place, expression] of expressions.entries()) {
      const known = this.#known.find(expression);
      if (known.problem !== undefined) continue;
      if (known.isProven) proven.push({ place, known });
      else if (!this.#strikes.has(known.key)) unproven.push({ place, known });
      else if (this.#strikes.isRefused(known.key)) this.#limit += 1;
      else struck.push({ place, known });
    }
    return [...proven, ...unproven, ...struck];
  }

  /** One call of the thread, until it is answered or has to be given up. */
  #testRound(document: Uint8Array, round: readonly Tested[], steps: number): RoundOutcome {
    const thread = this.#readyThread();
    if (thread === undefined) return { values: [], failure: 'machine', stepsLeft: 0 };
    const tested = round.map(({ known }) => known);
    const ids = tested.map(({ id }) => id);
    thread.post({
      ...this.#known.news(thread, tested),
      task: { kind: 'test', document: new Uint8Array(document), ids },
    });
    const { isAnswered, isStarved, stepsLeft } = this.#watch(thread, steps);
    const count = isAnswered ? round.length : Math.max(0, thread.current);
    const values = round.slice(0, count).map(({ known }, index) => {
      known.isProven = true;
      return thread.outcome(index) === OUTCOME.isTrue;
    });
    if (isAnswered) {
      this.#rest(thread);
      return { values, failure: undefined, stepsLeft };
    }
    const failure = thread.current === NO_EXPRESSION ? undefined : round[thread.current];
    this.#giveUp(thread);
    if (isStarved) return { values, failure: 'machine', stepsLeft };
    return { values, failure: failure ?? 'document', stepsLeft };
  }

  /** Waits for an answer, as long as the thread is not busy with the same expression for the whole limit. */
  #watch(thread: EvaluatorThread, steps: number): Watched {
    let current = NO_EXPRESSION;
    let stepsAtCurrent = 0;
    let cpuMsBefore = thread.cpuMs;
    for (let stepsLeft = steps; ;) {
      if (thread.awaitAnswer(this.#limitMs / STEPS)) {
        return { isAnswered: thread.death === undefined, isStarved: false, stepsLeft };
      }
      stepsLeft -= 1;
      stepsAtCurrent += 1;
      const isStarved = this.#isStarved(thread, cpuMsBefore, stepsAtCurrent);
      const isOver = stepsAtCurrent >= STEPS && !isStarved;
      if (stepsLeft === 0 || isOver) return { isAnswered: false, isStarved, stepsLeft };
      if (thread.current === current) continue;
      current = thread.current;
      stepsAtCurrent = 0;
      cpuMsBefore = thread.cpuMs;
    }
  }

  /** True: the machine has kept the thread from its work. */
  #isStarved(thread: EvaluatorThread, cpuMsBefore: number | undefined, steps: number): boolean {
    const { cpuMs } = thread;
    if (cpuMs === undefined || cpuMsBefore === undefined) return false;
    return cpuMs - cpuMsBefore < (STARVED * steps * this.#limitMs) / STEPS;
  }

  /** Notes that it took too long. The first time that may have been the machine's fault: it gets its turn again. */
  #secondTry(tested: Tested): readonly Tested[] {
    const isFirst = !this.#strikes.has(tested.known.key);
    this.#strike(tested.known);
    return isFirst ? [tested] : [];
  }

  #ask(known: KnownExpression, task: () => Call['task']): XPathResult | undefined {
    const tries = this.#strikes.has(known.key) ? 1 : 2;
    for (let count = 0; count < tries; count += 1) {
      const thread = this.#ready();
      thread.post({ ...this.#known.news(thread, [known]), task: task() });
      const { isAnswered, isStarved } = this.#watch(thread, STEPS * MAX_LIMITS);
      const answer = isAnswered ? thread.takeAnswer() : undefined;
      if (answer !== undefined) {
        this.#rest(thread);
        return this.#resultOf(answer);
      }
      this.#giveUp(thread);
      if (isStarved) throw unavailable('the machine is too busy');
      this.#strike(known);
    }
    throw new XPathError('limit', `The expression took longer than ${this.#limitMs} ms, or too much memory`);
  }

  #resultOf(answer: Answer): XPathResult | undefined {
    if ('result' in answer) return answer.result;
    if (answer.reason === 'limit') this.#limit += 1;
    throw new XPathError(answer.reason, answer.message);
  }

  #allowed(expression: XPathExpression): KnownExpression {
    this.#requireLife();
    const known = this.#known.find(expression);
    if (known.problem !== undefined) throw new XPathError(known.problem.reason, known.problem.message);
    if (!this.#strikes.isRefused(known.key)) return known;
    throw this.#exceeded('The expression has taken too long too often, and is not tried for some time');
  }

  #strike(known: KnownExpression): void {
    this.#limit += 1;
    known.isProven = false;
    this.#strikes.add(known.key);
  }

  #exceeded(message: string): XPathError {
    this.#limit += 1;
    return new XPathError('limit', message);
  }

  /** A thread that can take a call. Throws InfrastructureError when there is none soon. */
  #ready(): EvaluatorThread {
    const thread = this.#readyThread();
    if (thread === undefined) throw unavailable(`it did not start within ${this.#startMs} ms`);
    return thread;
  }

  /** As `#ready`; undefined: it still starts. */
  #readyThread(): EvaluatorThread | undefined {
    this.#requireLife();
    if (this.#thread?.death !== undefined) this.#giveUp(this.#thread);
    const thread = (this.#thread ??= new EvaluatorThread());
    return thread.awaitStart(this.#startMs) ? thread : undefined;
  }

  /** After a call: a thread with too much memory is replaced. */
  #rest(thread: EvaluatorThread): void {
    if (thread.mebibytes > TIRED_MIB) this.#giveUp(thread);
  }

  /** The next one starts at once, so that the next call finds it ready. */
  #giveUp(thread: EvaluatorThread): void {
    const end = thread.end().finally(() => this.#ends.delete(end));
    this.#ends.add(end);
    this.#replaced += 1;
    this.#thread = new EvaluatorThread();
  }

  #requireLife(): void {
    if (this.#isDisposed) throw new InfrastructureError('shutting-down', 'XPath has ended here', { processed: 'no' });
  }
}

/** An expression of a `test`, with its place among the others. */
interface Tested {
  readonly place: number;
  readonly known: KnownExpression;
}

interface RoundOutcome {
  /** Of the first expressions of the round. */
  readonly values: readonly boolean[];
  /** What took too long, if anything did: the expression behind those, or reading the document; or the machine is busy. */
  readonly failure: Tested | 'document' | 'machine' | undefined;
  readonly stepsLeft: number;
}

interface Watched {
  readonly isAnswered: boolean;
  /** The thread did not get on because the machine is busy. */
  readonly isStarved: boolean;
  readonly stepsLeft: number;
}

function unavailable(reason: string): InfrastructureError {
  return new InfrastructureError('overloaded', `The thread for XPath is not there: ${reason}`, { processed: 'no' });
}
