/**
 * The end of a turn of the event loop, for many. What each request of a turn needs next is done for all of them in a
 * row, when everything that has come was read: code and data that are in the processor's caches are used again, where
 * to go through every stage with one request before the next is read would load them anew each time
 * (docs/adr/0028-stage-by-stage.md).
 */
export class Turn {
  #over: Promise<void> | undefined;

  /** Resolves when the events that are waiting now have been handled; at once after, when there are none. */
  over(): Promise<void> {
    this.#over ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#over = undefined;
        resolve();
      });
    });
    return this.#over;
  }
}
