/** Why messages were dropped: a limit by count, by bytes or by age, or the limit of the whole engine. */
export type DropReason = 'messages' | 'bytes' | 'age' | 'engine';

/** What limits took from one reader, as it is told to it. */
export interface Gap {
  /** How many messages. */
  readonly dropped: number;
  /** The lowest and the highest of their numbers in the log; others between them may have been delivered. */
  readonly first: number;
  readonly last: number;
  /** When the oldest of them was published, milliseconds since 1970. */
  readonly since: number;
  readonly reasons: readonly DropReason[];
}
