import { statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Clock } from '../kernel/clock.ts';

/** An editor may write in several steps. */
const SETTLE_MS = 100;
/** Where the system tells nothing (network file systems, a folder that is a symbolic link and is swapped), it is asked. */
const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onTouched` when a file may have changed, until `signal` aborts. The folder is watched and not the file: editors
 * and configuration managers replace files. It may be called for nothing; who is called compares the content.
 */
export function watchFile(file: string, clock: Clock, onTouched: () => void, signal: AbortSignal): void {
  let seen = stampOf(file);
  let isSettling = false;
  const touched = (): void => {
    if (isSettling || signal.aborted) return;
    isSettling = true;
    clock.sleep(SETTLE_MS, signal).then(
      () => {
        isSettling = false;
        seen = stampOf(file);
        onTouched();
      },
      () => undefined,
    );
  };
  watchFolder(file, touched, signal);
  // It may have changed between its last reading and now.
  touched();
  const look = (): void => {
    clock.sleep(LOOK_EVERY_MS, signal).then(
      () => {
        if (stampOf(file) !== seen) touched();
        look();
      },
      () => undefined,
    );
  };
  look();
}

function watchFolder(file: string, touched: () => void, signal: AbortSignal): void {
  const folder = dirname(resolve(file));
  const name = basename(file);
  let watcher: FSWatcher;
  try {
    // ..data is the link that Kubernetes swaps in the folder of a ConfigMap.
    watcher = watch(folder, { persistent: false }, (_event, entry) => {
      if (entry === null || entry === name || entry === '..data') touched();
    });
  } catch {
    // No watches left, or none on this file system: the looks remain.
    return;
  }
  watcher.on('error', () => watcher.close());
  signal.addEventListener('abort', () => watcher.close(), { once: true });
}

/** Differs when the file is another one or was written to. */
function stampOf(file: string): string {
  try {
    const { dev, ino, size, mtimeMs } = statSync(file);
    return [dev, ino, size, mtimeMs].join(' ');
  } catch {
    return '';
  }
}
