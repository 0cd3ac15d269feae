import type { CliIo } from './io.ts';

const EVERY_MS = 1000;
const CLEAR_LINE = '\r\u001b[2K';

/** A line that changes while something takes long. */
export interface Progress {
  /** Clears the line for a moment, so that other output can be written; it comes back by itself. */
  clear(): void;
  stop(): void;
}

/** Shows `text(seconds)` on standard error each second while a terminal is there; otherwise nothing at all. */
export function startProgress(io: CliIo, text: (seconds: number) => string): Progress {
  if (io.stderr.isTTY !== true) return { clear: () => undefined, stop: () => undefined };
  const startedAt = performance.now();
  let isShown = false;
  const clear = (): void => {
    if (isShown) io.stderr.write(CLEAR_LINE);
    isShown = false;
  };
  const timer = setInterval(() => {
    io.stderr.write(`${CLEAR_LINE}${text(Math.round((performance.now() - startedAt) / 1000))}`);
    isShown = true;
  }, EVERY_MS);
  timer.unref();
  return {
    clear,
    stop: () => {
      clearInterval(timer);
      clear();
    },
  };
}
