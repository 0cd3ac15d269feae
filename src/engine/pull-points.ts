import { pack } from '../kernel/packed.ts';
import { Cursor } from './cursor.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import type { StoredPullPoint } from './records.ts';

/** A pull point, with a cursor over what is sent to it directly. */
export interface PullPoint {
  readonly id: string;
  readonly cursor: Cursor;
}

/** The pull points of the engine. */
export class PullPoints {
  readonly #byId = new Map<string, PullPoint>();
  readonly #queueLength: number;

  constructor(queueLength: number) {
    this.#queueLength = queueLength;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Iterable<PullPoint> {
    return this.#byId.values();
  }

  find(id: string): PullPoint | undefined {
    return this.#byId.get(id);
  }

  /** Makes a pull point that is not yet known to anybody; `position`: all of the log up to here is done with. */
  create(id: string, position: number): PullPoint {
    const cursor = new Cursor({
      id,
      position,
      queueLength: this.#queueLength,
      matches: ({ pullPoint }) => pullPoint === id,
      announce: () => undefined,
    });
    return { id, cursor };
  }

  add(pullPoint: PullPoint): void {
    this.#byId.set(pullPoint.id, pullPoint);
  }

  remove(pullPoint: PullPoint): void {
    this.#byId.delete(pullPoint.id);
    pullPoint.cursor.end();
  }
}

/** A pull point as it is stored. `since`: the newest number of the log when it was made. */
export function pullPointRecord(id: string, since: number): KeyedRecord {
  const stored: StoredPullPoint = { since };
  return { space: 'pull-point', key: id, value: pack(stored) };
}
