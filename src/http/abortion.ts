/** Something that is given up when a signal aborts. */
export interface Abortable {
  abort(signal: AbortSignal): void;
}

/** Who is to be given up when which signal aborts. Many share few signals: each is listened to once, and not again for each of them. */
export class Abortables {
  readonly #bySignal = new WeakMap<AbortSignal, Set<Abortable>>();

  add(signal: AbortSignal, abortable: Abortable): void {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) {
      known.add(abortable);
      return;
    }
    const those = new Set([abortable]);
    this.#bySignal.set(signal, those);
    signal.addEventListener('abort', () => those.forEach((one) => one.abort(signal)), { once: true });
  }

  delete(signal: AbortSignal, abortable: Abortable): void {
    this.#bySignal.get(signal)?.delete(abortable);
  }
}
