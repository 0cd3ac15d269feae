const MAX_WARM_ORIGINS = 4_096;

/** Origins that have answered lately, so that a connection to them may have been kept. Bounded; the oldest go first. */
export class WarmOrigins {
  readonly #origins = new Set<string>();

  add(origin: string): void {
    this.#origins.add(origin);
    if (this.#origins.size <= MAX_WARM_ORIGINS) return;
    for (const oldest of this.#origins) {
      this.#origins.delete(oldest);
      return;
    }
  }

  /** True: it was there. */
  delete(origin: string): boolean {
    return this.#origins.delete(origin);
  }
}
