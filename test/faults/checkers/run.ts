import type { Completion, Delivery, Entry, Invocation } from '../history.ts';

/** A rule that a history breaks. */
export interface Violation {
  readonly checker: string;
  readonly message: string;
}

/** An invocation with its outcome; one that never ended has none. */
export interface Operation extends Invocation {
  readonly at: number;
  readonly end?: Completion & { readonly at: number };
}

export type Arrival = Delivery & { readonly at: number };

/** A subscription that was acknowledged. */
export interface LiveRecipient {
  readonly recipient: string;
  readonly route: 'direct' | 'relayed' | 'pull';
  readonly topic: string;
  readonly engine: string;
  readonly since: number;
  /** When its end was asked for, whether or not that was answered. */
  readonly until: number;
}

/** A history, read once for all checkers. */
export interface Run {
  readonly entries: readonly Entry[];
  readonly operations: readonly Operation[];
  readonly recipients: readonly LiveRecipient[];
  /** By recipient, in the order of arrival. */
  readonly arrivals: ReadonlyMap<string, readonly Arrival[]>;
  /** By payload. */
  readonly publishes: ReadonlyMap<string, Operation>;
  readonly engines: ReadonlySet<string>;
}

export function readRun(entries: readonly Entry[]): Run {
  const byNumber = new Map<number, { -readonly [K in keyof Operation]: Operation[K] }>();
  const arrivals = new Map<string, Arrival[]>();
  const engines = new Set<string>();
  for (const entry of entries) {
    if (entry.type === 'invoke') byNumber.set(entry.op, { ...entry });
    else if (entry.type === 'outcome') {
      const operation = byNumber.get(entry.op);
      if (operation !== undefined) operation.end = entry;
    } else if (entry.type === 'delivery') {
      const known = arrivals.get(entry.recipient);
      if (known === undefined) arrivals.set(entry.recipient, [entry]);
      else known.push(entry);
    } else if (entry.type === 'engine') engines.add(entry.engine);
  }
  const operations: readonly Operation[] = [...byNumber.values()];
  const publishes = new Map<string, Operation>();
  for (const operation of operations) {
    if (operation.kind === 'publish') publishes.set(operation.payload ?? '', operation);
  }
  return { entries, operations, recipients: recipientsIn(operations), arrivals, publishes, engines };
}

function recipientsIn(operations: readonly Operation[]): LiveRecipient[] {
  const ends = new Map<string, number>();
  for (const { kind, recipient, at } of operations) {
    if (kind === 'unsubscribe' && recipient !== undefined && !ends.has(recipient)) ends.set(recipient, at);
  }
  return operations.flatMap(({ kind, recipient, route = 'direct', topic = '', end }) => {
    if (kind !== 'subscribe' || recipient === undefined || end?.outcome !== 'ok') return [];
    return [
      { recipient, route, topic, engine: end.engine ?? '', since: end.at, until: ends.get(recipient) ?? Infinity },
    ];
  });
}

/** Without repetitions. */
export function firstArrivals(arrivals: readonly Arrival[]): readonly Arrival[] {
  const seen = new Set<string>();
  return arrivals.filter(({ payload }) => !seen.has(payload) && seen.add(payload));
}

/** The first few of many, for a message. */
export function some(items: readonly string[]): string {
  const more = items.length > 5 ? ` and ${String(items.length - 5)} more` : '';
  return `${items.slice(0, 5).join(', ')}${more}`;
}
