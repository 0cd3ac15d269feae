import type { Call, NumberedExpression } from './protocol.ts';
import { requireAllowed } from './rules.ts';
import { XPathError } from './xpath.ts';
import type { XPathExpression } from './xpath.ts';

/** An expression that has been seen. */
export interface KnownExpression {
  readonly id: number;
  readonly key: string;
  readonly expression: XPathExpression;
  /** Why it cannot be used; undefined: it may be. */
  readonly problem: XPathError | undefined;
  /** It has been evaluated without exceeding its limit, and not exceeded it since. */
  isProven: boolean;
  /** The thread that knows it by its id. */
  learntBy: object | undefined;
}

/** The expressions of late, so that each is checked once, and sent to a thread once. */
export class KnownExpressions {
  readonly #max: number;
  /** In the order of their last use. */
  readonly #byKey = new Map<string, KnownExpression>();
  readonly #keys = new WeakMap<XPathExpression, string>();
  #forgotten: KnownExpression[] = [];
  #lastId = 0;

  /** `max`: how many are kept; it must exceed what one call can name. */
  constructor(max: number) {
    this.#max = max;
  }

  find(expression: XPathExpression): KnownExpression {
    const key = this.#keyOf(expression);
    const known = this.#byKey.get(key) ?? this.#add(key, expression);
    this.#byKey.delete(key);
    this.#byKey.set(key, known);
    return known;
  }

  /** What the thread must be told before it can be asked for `wanted`. It is taken as told. */
  news(thread: object, wanted: readonly KnownExpression[]): Pick<Call, 'learn' | 'forget'> {
    const learn: NumberedExpression[] = [];
    for (const known of wanted) {
      if (known.learntBy === thread) continue;
      known.learntBy = thread;
      learn.push({ ...known.expression, id: known.id });
    }
    const forget = this.#forgotten.filter(({ learntBy }) => learntBy === thread).map(({ id }) => id);
    this.#forgotten = [];
    return { learn, forget };
  }

  #add(key: string, { text, namespaces }: XPathExpression): KnownExpression {
    const declared = Object.entries(namespaces).filter(([prefix]) => prefix !== '');
    const expression = { text, namespaces: Object.fromEntries(declared) };
    const problem = problemOf(expression);
    this.#lastId += 1;
    const known = { id: this.#lastId, key, expression, problem, isProven: false, learntBy: undefined };
    this.#byKey.set(key, known);
    for (const oldest of this.#byKey.values()) {
      if (this.#byKey.size <= this.#max) break;
      this.#byKey.delete(oldest.key);
      this.#forgotten.push(oldest);
    }
    return known;
  }

  #keyOf(expression: XPathExpression): string {
    const remembered = this.#keys.get(expression);
    if (remembered !== undefined) return remembered;
    const { text, namespaces } = expression;
    const declared = Object.entries(namespaces).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([text, ...declared]);
    this.#keys.set(expression, key);
    return key;
  }
}

function problemOf(expression: XPathExpression): XPathError | undefined {
  try {
    requireAllowed(expression);
    return undefined;
  } catch (error) {
    if (error instanceof XPathError) return error;
    throw error;
  }
}
