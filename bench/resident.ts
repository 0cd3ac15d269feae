import { readFileSync } from 'node:fs';

/** Watches how much memory a process has that is in RAM, once a second, in megabytes (10^6 bytes). */
export class Resident implements Disposable {
  readonly #pidOf: () => number;
  readonly #timer: NodeJS.Timeout;
  #samples: number[] = [];
  #most = 0;

  /** `pidOf` may change: a process that was killed has a successor. */
  constructor(pidOf: () => number) {
    this.#pidOf = pidOf;
    this.#timer = setInterval(() => this.#sample(), 1_000);
  }

  /** The highest that the system has seen of any of the processes, between the samples, too. */
  get most(): number {
    this.#sample();
    return this.#most;
  }

  get now(): number {
    return this.#samples.at(-1) ?? NaN;
  }

  /** What was found since the last call: at least one. */
  take(): readonly number[] {
    this.#sample();
    const taken = this.#samples;
    this.#samples = [];
    return taken;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const status = statusOf(this.#pidOf());
    if (status === undefined) return;
    this.#samples.push(status.resident);
    this.#most = Math.max(this.#most, status.most);
  }
}

/** Undefined: there is no such process, at the moment. */
function statusOf(pid: number): { readonly resident: number; readonly most: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): number =>
      (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6;
    const [resident, most] = [field('VmRSS'), field('VmHWM')];
    return Number.isNaN(resident) ? undefined : { resident, most };
  } catch {
    return undefined;
  }
}
