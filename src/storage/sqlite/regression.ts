import { StoreFailure } from './failures.ts';
import type { FoundDatabase } from './inspection.ts';
import type { FoundMark } from './mark-file.ts';
import type { OnRegression } from './protocol.ts';

/** Where a tenure begins. */
export interface StartingPoint {
  /** The new epoch is higher than this. */
  readonly epoch: number;
  /** The log's next number is higher than this. */
  readonly head: number;
  /** Commits are counted on from here at least. */
  readonly commits: number;
  /** What was lost, and the operator has accepted. */
  readonly accepted?: string;
}

/**
 * Numbers of the log that are left out after a loss: more than can have been given away between the newest mark that
 * is left and the loss. A number that were given twice would be taken for a repetition by peers and consumers.
 */
export const SKIPPED_NUMBERS = 1_000_000;

/**
 * Compares what was found with what must have been there. Throws StoreFailure `refused` when the database has lost
 * something that may have been acknowledged, unless the operator accepts that.
 */
export function startingPoint(
  found: FoundDatabase,
  { mark, leaseEpoch, onRegression }: { mark: FoundMark; leaseEpoch: number; onRegression: OnRegression },
): StartingPoint {
  const loss = lossOf(found, mark, leaseEpoch);
  const known = typeof mark === 'string' ? { epoch: 0, head: 0, commits: 0 } : mark;
  if (loss === undefined) return { epoch: 0, head: 0, commits: 0 };
  if (onRegression === 'refuse') {
    throw new StoreFailure(
      'refused',
      `REGRESSED: ${loss}. What was acknowledged after that is not in it. Nothing was changed. Restore a backup with ` +
        '"pointsman restore", or accept the loss with "store: { sqlite: { onRegression: accept } }" in the topology file',
    );
  }
  return {
    epoch: Math.max(known.epoch, leaseEpoch),
    head: Math.max(known.head, found === 'nothing' ? 0 : found.head) + SKIPPED_NUMBERS,
    commits: known.commits,
    accepted: loss,
  };
}

function lossOf(found: FoundDatabase, mark: FoundMark, leaseEpoch: number): string | undefined {
  if (mark === 'damaged') return 'engine.hwm cannot be read, so that nobody knows what engine.db should hold';
  if (mark === 'none') return lossByLease(found, leaseEpoch);
  const expected = `engine.hwm expects epoch ${mark.epoch}, commit ${mark.commits} and log number ${mark.head}`;
  if (found === 'nothing') return `engine.db is missing or empty, ${expected}`;
  if (found.database !== mark.database) {
    return `engine.db is database ${found.database}, engine.hwm was written for database ${mark.database}`;
  }
  if (found.epoch >= mark.epoch && found.commits >= mark.commits) return lossByLease(found, leaseEpoch);
  return `engine.db ends with epoch ${found.epoch}, commit ${found.commits} and log number ${found.head}, ${expected}`;
}

function lossByLease(found: FoundDatabase, leaseEpoch: number): string | undefined {
  const epoch = found === 'nothing' ? 0 : found.epoch;
  return epoch >= leaseEpoch
    ? undefined
    : `engine.db ends with epoch ${epoch}, engine.lease shows that epoch ${leaseEpoch} was installed`;
}
