/** What happens to a subscription whose backlog has reached a limit. See docs/adr/0019. */
export type BacklogPolicy = 'dropOldest' | 'pause' | 'terminate' | 'refusePublisher';

/** Bounds of what may wait for one reader of the log. */
export interface BacklogLimit {
  readonly messages: number;
  /** Bytes that they take in the log. */
  readonly bytes: number;
  /** What has waited for longer is dropped, whatever the policy; null: no bound. */
  readonly ageMs: number | null;
  readonly policy: BacklogPolicy;
}

/** Bounds of what may wait in an engine. */
export interface BacklogLimits {
  /** A subscription whose consumer is sent its messages. */
  readonly subscription: BacklogLimit;
  /** A pull point: what was sent to it itself, and each subscription that feeds it. `pause` and `terminate` are not for it. */
  readonly pullPoint: BacklogLimit;
  /** A link to a peer engine. Only `dropOldest` and `refusePublisher`. */
  readonly link: BacklogLimit;
  /** The whole log, from the oldest message that anybody still waits for. */
  readonly engine: { readonly messages: number; readonly bytes: number };
  /** How long a subscription that is being read may slow its publishers down at a stretch. */
  readonly patienceMs: number;
}

const MIB = 1024 ** 2;
const DAY_MS = 24 * 3_600_000;

export const defaultBacklogLimits: BacklogLimits = {
  subscription: { messages: 10_000, bytes: 64 * MIB, ageMs: DAY_MS, policy: 'dropOldest' },
  pullPoint: { messages: 1_000, bytes: 8 * MIB, ageMs: DAY_MS, policy: 'dropOldest' },
  link: { messages: 500_000, bytes: 2048 * MIB, ageMs: null, policy: 'refusePublisher' },
  engine: { messages: 1_000_000, bytes: 4096 * MIB },
  patienceMs: 10_000,
};
