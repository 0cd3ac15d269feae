import { pack } from '../../kernel/packed.ts';
import type { EngineName } from '../../kernel/names.ts';
import type { TopicExpression } from '../../wsn/messages.ts';
import { compileTopicExpression, expressionKey, type TopicMatcher } from '../../wsn/topics/topic-expression.ts';
import type { Demand } from '../demand.ts';
import { digestOf } from '../digest.ts';
import { TopicIndex } from '../matching.ts';
import type { InterestChange } from '../ports/engine.ts';
import type { KeyedRecord, WriteBatch } from '../ports/engine-store.ts';
import type { EntryHeader } from '../entry.ts';
import type { StoredExpression, StoredInterest } from '../records.ts';

interface Wanted {
  readonly key: string;
  readonly matchers: readonly TopicMatcher[];
  /** Wanted is what comes after this number of the log. */
  readonly since: number;
}

/** What a change leads to: `known: false` if it does not build on what is known; then nothing is to be done. */
export interface InterestPlan {
  readonly known: boolean;
  readonly batch?: WriteBatch;
  readonly apply?: () => void;
}

/** What one peer wants of what is published here, each expression from the moment on at which it became known here. */
export class PeerInterest {
  readonly #peer: EngineName;
  readonly #wanted = new Map<string, Wanted>();
  readonly #index = new TopicIndex<Wanted>();
  readonly #demand: Demand;
  #revision: number | undefined;
  #everythingSince: number | undefined;

  constructor(peer: EngineName, demand: Demand) {
    this.#peer = peer;
    this.#demand = demand;
  }

  get size(): number {
    return this.#wanted.size;
  }

  /** The numbers of the log after which something is wanted. */
  sinces(): number[] {
    const all = [...this.#wanted.values()].map(({ since }) => since);
    return this.#everythingSince === undefined ? all : [...all, this.#everythingSince];
  }

  matches({ seq, topic }: EntryHeader): boolean {
    if (this.#everythingSince !== undefined && seq > this.#everythingSince) return true;
    let isWanted = false;
    const want = ({ since }: Wanted): void => {
      if (seq > since) isWanted = true;
    };
    this.#index.match(topic, want, want);
    return isWanted;
  }

  load({ revision, everythingSince }: StoredInterest): void {
    this.#revision = revision;
    const before = this.#everythingSince;
    this.#everythingSince = everythingSince;
    if (before === undefined && everythingSince !== undefined) this.#demand.add(undefined);
    if (before !== undefined && everythingSince === undefined) this.#demand.remove(undefined);
  }

  loadExpression({ expression, since }: StoredExpression): void {
    this.#add(wantedOf(expression, since));
  }

  /**
   * What `change` leads to, learned when the newest number of the log is `since`. The whole replaces what is known, but
   * what was wanted before stays wanted from then on; a whole that is older than what is known is a straggler, and passed over.
   */
  plan(change: InterestChange, since: number): InterestPlan {
    const { base, revision } = change;
    if (revision === this.#revision) return { known: true };
    if (base === undefined && this.#revision !== undefined && revision < this.#revision) return { known: true };
    if (base !== undefined && base !== this.#revision) return { known: false };
    const everythingSince = change.everything ? (this.#everythingSince ?? since) : undefined;
    const named = new Map(change.add.map((expression) => [keyOf(expression), expression]));
    const added = [...named].filter(([key]) => !this.#wanted.has(key));
    const removed = (base === undefined ? [...this.#wanted.keys()] : change.remove.map(keyOf)).filter(
      (key) => this.#wanted.has(key) && !named.has(key),
    );
    const put: KeyedRecord[] = added.map(([key, expression]) => {
      const stored: StoredExpression = { expression, since };
      return { space: 'interest', key: this.#recordKey(key), value: pack(stored) };
    });
    const stored: StoredInterest = { revision, everythingSince };
    put.push({ space: 'interest', key: this.#peer, value: pack(stored) });
    const remove = removed.map((key) => ({ space: 'interest', key: this.#recordKey(key) }) as const);
    const apply = (): void => {
      for (const key of removed) this.#remove(key);
      for (const [, expression] of added) this.#add(wantedOf(expression, since));
      this.load(stored);
    };
    return { known: true, batch: { put, remove }, apply };
  }

  #recordKey(key: string): string {
    return `${this.#peer}/${digestOf(key)}`;
  }

  #add(wanted: Wanted): void {
    this.#wanted.set(wanted.key, wanted);
    this.#index.add(wanted, wanted.matchers);
    this.#demand.add(wanted.matchers[0]);
  }

  #remove(key: string): void {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) return;
    this.#wanted.delete(key);
    this.#index.remove(wanted, wanted.matchers);
    this.#demand.remove(wanted.matchers[0]);
  }
}

/** The peer whose interest is stored under `key`, and whether it is one expression of it. */
export function interestKey(key: string): { readonly peer: EngineName; readonly isExpression: boolean } {
  const slash = key.indexOf('/');
  return slash === -1 ? { peer: key, isExpression: false } : { peer: key.slice(0, slash), isExpression: true };
}

/**
 * An expression that is not understood here (the peer may run a newer version) counts as one that selects everything: the
 * peer matches again, so too much does no harm, and too little would be a loss.
 */
function wantedOf(expression: TopicExpression, since: number): Wanted {
  const key = keyOf(expression);
  try {
    return { key, since, matchers: [compileTopicExpression(expression)] };
  } catch {
    return { key, since, matchers: [] };
  }
}

function keyOf(expression: TopicExpression): string {
  try {
    return expressionKey(expression);
  } catch {
    return `unknown ${digestOf(expression)}`;
  }
}
