import { EXIT } from './exit-codes.ts';
import type { MemberExit } from './member-child.ts';

/** A member that died without having served for so long is started again with growing pauses, any other at once. */
const YOUNG_MS = 1_000;
/** One that was deposed needs more: it was too slow, and its start would make the others slower still. */
const YOUNG_DEPOSED_MS = 20_000;
const PAUSE_MS = { first: 100, max: 5_000 };

/** How long to wait before a member is started again. */
export class RestartPauses {
  readonly #next = new Map<string, number>();

  /** Milliseconds, after the end of one of the member's lives. */
  after(name: string, { code, servedMs }: Pick<MemberExit, 'code' | 'servedMs'>): number {
    if (servedMs >= (code === EXIT.deposed ? YOUNG_DEPOSED_MS : YOUNG_MS)) {
      this.#next.delete(name);
      return 0;
    }
    const pauseMs = this.#next.get(name) ?? PAUSE_MS.first;
    this.#next.set(name, Math.min(pauseMs * 2, PAUSE_MS.max));
    return pauseMs;
  }
}
