import type { Summary } from './rounds.ts';

/** How much is measured. */
export interface Extent {
  readonly rounds: number;
  /** The largest number of subscriptions. */
  readonly many: number;
  /** Milliseconds of one measurement. */
  readonly ms: number;
  /** Notifications of a long backlog. */
  readonly backlog: number;
}

/** What a figure should be; one of the two bounds. */
export interface Target {
  readonly name: string;
  readonly found: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export function isMet({ found, atMost = Infinity, atLeast = -Infinity }: Target): boolean {
  return found <= atMost && found >= atLeast;
}

/** What came out, as it is written. */
export interface Outcome {
  readonly measured: Readonly<Record<string, Summary>>;
  readonly targets: readonly Target[];
}
