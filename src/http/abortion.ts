import { Passing } from '../kernel/passing.ts';

/** Something that is given up when a signal aborts. */
export interface Abortable {
  abort(signal: AbortSignal): void;
}

/** Who is to be given up when which signal aborts. Many share few signals: each is listened to once, and not again for each of them. */
export class Abortables {
  readonly #bySignal = new WeakMap<AbortSignal, Passing<Abortable, true>>();

  add(signal: AbortSignal, abortable: Abortable): void {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) {
      known.set(abortable, true);
      return;
    }
    const those = new Passing<Abortable, true>();
    those.set(abortable, true);
    this.#bySignal.set(signal, those);
    signal.addEventListener('abort', () => those.keys().forEach((one) => one.abort(signal)), { once: true });
  }

  delete(signal: AbortSignal, abortable: Abortable): void {
    this.#bySignal.get(signal)?.delete(abortable);
  }
}
