import type { Clock } from '../kernel/clock.ts';
import { Wakeup } from '../kernel/wakeup.ts';
import { Timetable } from './timetable.ts';

/** Does things at their time, on one timer. */
export class Alarm {
  readonly #clock: Clock;
  readonly #timetable = new Timetable();
  readonly #wakeup = new Wakeup();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `time`: on the monotonic clock. */
  at(time: number, action: () => void): void {
    if (this.#timetable.add(time, action)) this.#wakeup.wake();
  }

  /** Runs until `signal` aborts; calls `then` each time after it has done what was due. */
  async run(signal: AbortSignal, then: () => void): Promise<void> {
    try {
      for (;;) {
        const { nextAt } = this.#timetable;
        const waitMs = nextAt === undefined ? undefined : Math.max(0, nextAt - this.#clock.monotonic());
        await this.#wakeup.wait(signal, this.#clock, waitMs);
        this.#timetable.runDue(this.#clock.monotonic());
        then();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
