import { longestGaps, recoveriesIn } from './checkers/clients.ts';
import { duplicatesIn } from './checkers/deliveries.ts';
import { readRun } from './checkers/run.ts';
import type { Entry } from './history.ts';

/** What a run amounts to. */
export interface Summary {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly subscriptions: number;
  readonly failovers: number;
  /** Milliseconds, by kind of operation. */
  readonly longestGaps: Readonly<Record<string, number>>;
  /** Milliseconds from a fault to a Renew that succeeded, by fault. */
  readonly recoveries: Readonly<Record<string, readonly number[]>>;
  readonly rssMib: Readonly<Record<string, { readonly before: number; readonly after: number }>>;
}

export function summaryOf(entries: readonly Entry[]): Summary {
  const run = readRun(entries);
  const publishes = [...run.publishes.values()];
  const recoveries: Record<string, number[]> = {};
  for (const { fault, ms } of recoveriesIn(run)) (recoveries[fault] ??= []).push(ms);
  const rssMib: Record<string, { before: number; after: number }> = {};
  for (const entry of entries) {
    if (entry.type !== 'sample') continue;
    const known = (rssMib[entry.member] ??= { before: 0, after: 0 });
    known[entry.phase] = Math.round(entry.rssBytes / 2 ** 20);
  }
  return {
    acknowledged: publishes.filter(({ end }) => end?.outcome === 'ok').length,
    unknown: publishes.filter(({ end }) => end === undefined || end.outcome === 'unknown').length,
    delivered: [...run.arrivals.values()].reduce((sum, arrivals) => sum + arrivals.length, 0),
    duplicates: duplicatesIn(run),
    subscriptions: run.recipients.length,
    failovers: new Set(
      entries.flatMap((entry) => (entry.type === 'engine' ? [`${entry.engine} ${String(entry.epoch)}`] : [])),
    ).size,
    longestGaps: longestGaps(run),
    recoveries,
    rssMib,
  };
}

/** Two summaries of two worlds as one. Of memory the later one. */
export function added(a: Summary, b: Summary): Summary {
  const gaps = { ...a.longestGaps };
  for (const [kind, ms] of Object.entries(b.longestGaps)) gaps[kind] = Math.max(gaps[kind] ?? 0, ms);
  const recoveries: Record<string, readonly number[]> = { ...a.recoveries };
  for (const [fault, ms] of Object.entries(b.recoveries)) recoveries[fault] = [...(recoveries[fault] ?? []), ...ms];
  return {
    acknowledged: a.acknowledged + b.acknowledged,
    unknown: a.unknown + b.unknown,
    delivered: a.delivered + b.delivered,
    duplicates: a.duplicates + b.duplicates,
    subscriptions: a.subscriptions + b.subscriptions,
    failovers: a.failovers + b.failovers,
    longestGaps: gaps,
    recoveries,
    rssMib: b.rssMib,
  };
}

/** A distribution in the words of docs/reliability.md. Milliseconds. */
export interface Quantiles {
  readonly runs: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest rank. */
export function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { runs: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
