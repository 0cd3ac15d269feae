import type { Clock } from '../kernel/clock.ts';
import { watchFile } from '../topology/file-watch.ts';
import type { ReloadOutcome, TopologyKeeper } from './topology-keeper.ts';

/** Calls its listener at each SIGHUP, until `signal` aborts. */
export type Hangups = (listener: () => void, signal: AbortSignal) => void;

export interface FollowFileOptions {
  readonly keeper: TopologyKeeper;
  readonly clock: Clock;
  readonly onHangup: Hangups;
  /** Learns what became of each new content of the file, and of each SIGHUP. */
  readonly report: (outcome: ReloadOutcome) => void;
  readonly signal: AbortSignal;
}

/** Reloads a topology whenever its file changes, and at SIGHUP, until `signal` aborts. */
export function followFile({ keeper, clock, onHangup, report, signal }: FollowFileOptions): void {
  onHangup(() => report(keeper.reload()), signal);
  const touched = (): void => {
    const outcome = keeper.reloadIfTouched();
    if (outcome !== undefined) report(outcome);
  };
  watchFile(keeper.file, clock, touched, signal);
}
