import type { Logger } from '../kernel/log.ts';
import { pack } from '../kernel/packed.ts';
import { Cursor } from './cursor.ts';
import { Listeners } from './listeners.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import type { StoredPullPoint } from './records.ts';

/** A pull point, with a cursor over what is sent to it directly. */
export interface PullPoint {
  readonly id: string;
  readonly cursor: Cursor;
  readonly since: number;
  readonly creationTime: number;
  /** Milliseconds since 1970, null for none. */
  terminationTime: number | null;
  /** It lives so many milliseconds longer from each time that somebody pulls; undefined: as its termination time says. */
  idleMs: number | undefined;
}

/** The pull points of the engine. What has expired counts as gone at once, and is removed by a later sweep. */
export class PullPoints {
  /** Called with the id of a pull point that something was sent to. */
  readonly arrived: Listeners<[string]>;
  readonly #byId = new Map<string, PullPoint>();
  readonly #queueLength: number;
  readonly #now: () => number;

  constructor(options: { readonly queueLength: number; readonly now: () => number; readonly logger: Logger }) {
    this.#queueLength = options.queueLength;
    this.#now = options.now;
    this.arrived = new Listeners(options.logger);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** All, the expired included. */
  all(): Iterable<PullPoint> {
    return this.#byId.values();
  }

  /** Whether there is one of that id, be it expired. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The pull point of that id, unless it has expired. */
  find(id: string): PullPoint | undefined {
    const pullPoint = this.#byId.get(id);
    return pullPoint === undefined || this.hasExpired(pullPoint) ? undefined : pullPoint;
  }

  hasExpired({ terminationTime }: PullPoint): boolean {
    return terminationTime !== null && terminationTime <= this.#now();
  }

  /** Makes a pull point that is not yet known to anybody; `position`: all of the log up to here is done with. */
  create(id: string, stored: StoredPullPoint, position: number): PullPoint {
    const { since, creationTime = this.#now(), terminationTime = null, idleMs } = stored;
    const cursor = new Cursor({
      position,
      owner: {
        id,
        queueLength: this.#queueLength,
        kind: 'pullPoint',
        matches: ({ recipient }) => recipient === id,
        announce: () => this.arrived.call(id),
      },
    });
    return { id, cursor, since, creationTime, terminationTime, idleMs };
  }

  add(pullPoint: PullPoint): void {
    this.#byId.set(pullPoint.id, pullPoint);
  }

  remove(pullPoint: PullPoint): void {
    this.#byId.delete(pullPoint.id);
    pullPoint.cursor.end();
    this.arrived.call(pullPoint.id);
  }
}

/** The pull point as it is stored, with `changes`. */
export function pullPointRecord(
  { id, since, creationTime, terminationTime, idleMs }: PullPoint,
  changes: Partial<StoredPullPoint> = {},
): KeyedRecord {
  const stored: StoredPullPoint = { since, creationTime, terminationTime, idleMs, ...changes };
  return { space: 'pull-point', key: id, value: pack(stored) };
}
